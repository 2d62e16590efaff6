"""How a bank reports a payment: one event, or ordered before settled, returned, cancelled; at times late."""

from typing import Any

from streams.generator.world import BookedPayment, World

# shares of payments; plausible, not measured
ORDERED_FIRST, RETURNED, CANCELLED, WITHOUT_PAYMENT_ID, REPORTED_LATE = 0.10, 0.004, 0.004, 0.5, 0.015


def settle(world: World, payment: BookedPayment) -> None:
    """Book a payment the way banks report it: mostly one settled event, at times ordered first, returned, cancelled."""
    draw, calendar = world.draw, world.calendar
    chance = draw.random()
    payment_id = f"UETR-{world.event_id()}"
    later = calendar.business_day(calendar.number(payment.at_ms) + draw.integer(1, 2)) if world.room > 1 else None
    late_ms = draw.integer(1, 600) * 60_000 if draw.chance(REPORTED_LATE) else 0
    if payment.at_ms + late_ms >= calendar.end_ms:
        late_ms = 0
    if later is None or chance >= ORDERED_FIRST + RETURNED + CANCELLED:
        fields: dict[str, Any] = {"payment_id": payment_id} if chance > WITHOUT_PAYMENT_ID else {}
        world.book(payment, late_by_ms=late_ms, **fields)
        return
    after_ms = calendar.moment(later, draw, 9, 12)
    if chance < CANCELLED:
        first, _ = world.book(payment, status="ordered", payment_id=payment_id)
        world.book(payment, status="cancelled", reported_ms=after_ms, payment_id=payment_id, original_event_id=first)
    elif chance < CANCELLED + RETURNED:
        first, _ = world.book(payment, payment_id=payment_id)
        back = payment.amount * 0.998
        amount = f"{back:.0f}" if payment.currency == "JPY" else f"{back:.2f}"
        world.book(
            payment,
            status="returned",
            reported_ms=after_ms,
            payment_id=payment_id,
            original_event_id=first,
            amount=amount,
        )
    else:
        world.book(payment, status="ordered", payment_id=payment_id)
        world.book(payment, status="settled", reported_ms=after_ms, payment_id=payment_id)
