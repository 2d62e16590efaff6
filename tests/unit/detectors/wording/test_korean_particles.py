"""Korean particles follow the last sound of what stands before them."""

import pytest

from detectors.wording.korean_particles import particle

TOPIC, SUBJECT, OBJECT, WITH, BY = ("은", "는"), ("이", "가"), ("을", "를"), ("과", "와"), ("으로", "로")


@pytest.mark.parametrize(
    ("word", "forms", "said"),
    [
        ("법인", TOPIC, "법인은"),
        ("개인사업자", TOPIC, "개인사업자는"),
        ("법인", BY, "법인으로"),
        ("개인사업자", BY, "개인사업자로"),
        ("서울", BY, "서울로"),
        ("서울", OBJECT, "서울을"),
        ("은행", SUBJECT, "은행이"),
        ("회사", SUBJECT, "회사가"),
        ("기관", WITH, "기관과"),
        ("가", WITH, "가와"),
        ("힣", TOPIC, "힣은"),
        ("금융기관", BY, "금융기관으로"),
    ],
)
def test_after_hangul(word, forms, said):
    """A closed syllable, an open one, and one that ends in rieul."""
    assert particle(word, *forms) == said


@pytest.mark.parametrize(
    ("digit", "topic", "by"),
    [
        ("0", "은", "으로"),
        ("1", "은", "로"),
        ("2", "는", "로"),
        ("3", "은", "으로"),
        ("4", "는", "로"),
        ("5", "는", "로"),
        ("6", "은", "으로"),
        ("7", "은", "로"),
        ("8", "은", "로"),
        ("9", "는", "로"),
    ],
)
def test_after_each_digit(digit, topic, by):
    """Yeong, il, i, sam, sa, o, yuk, chil, pal, gu; behind other digits too."""
    for number in (digit, f"1,34{digit}", f"0.2{digit}"):
        assert particle(number, *TOPIC) == number + topic
        assert particle(number, *BY) == number + by


@pytest.mark.parametrize(
    ("letters", "topic", "by"),
    [("ABCDEFGHIJKOPQSTUVWXYZ", "는", "로"), ("LR", "은", "로"), ("MN", "은", "으로")],
)
def test_after_each_latin_letter(letters, topic, by):
    """As its name is read, in both cases: el and al end in rieul, em and en in other consonants."""
    for letter in letters + letters.lower():
        assert particle(letter, *TOPIC) == letter + topic
        assert particle(letter, *BY) == letter + by


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("BKGGKRSE", "BKGGKRSE는"),
        ("1,345.6(USD/KRW)", "1,345.6(USD/KRW)은"),
        ('"A B"', '"A B"는'),
        ("기관 (2개)", "기관 (2개)은"),
        ("95%", "95%는"),
        ("(가)", "(가)은(는)"),
        ("銀行", "銀行은(는)"),
        ("", "은(는)"),
        ("나 '", "나 '는"),
    ],
)
def test_what_stands_aside_is_passed_over(word, said):
    """Brackets with what they hold, quotation marks and blanks; both forms where nobody can tell."""
    assert particle(word, *TOPIC) == said
