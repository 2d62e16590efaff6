"""Hours of the day at which people act, the likelier ones repeated."""

# at a counter or a desk
OFFICE = (9, 9, 10, 10, 10, 11, 11, 12, 13, 13, 14, 14, 14, 15, 15)
# firms' systems run a little longer
FIRM = (*OFFICE, *OFFICE, 8, 16, 16, 17, 18)
# phones: mornings, lunch, evenings, few at night
PHONE = (0, 6, 7, 8, 8, 9, 9, 10, 11, 12, 12, 12, 13, 14, 15, 16, 17, 18, 18, 19, 19, 20, 20, 21, 21, 22, 22, 23)
# cards are used in other time zones, too
CARD = (*PHONE, *PHONE, 1, 2, 3, 4, 5, 10, 11, 13, 14, 15)
