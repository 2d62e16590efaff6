"""The pack's scenarios, one line a typology."""

from streams.generator.scenarios import (
    t01_split_remittance,
    t02_annual_cap,
    t03_fan,
    t04_hwanchigi_mirror,
    t05_kimchi_premium,
    t06_import_without_declaration,
    t07_export_proceeds,
    t08_declared_settled_gap,
    t09_price_mis_invoicing,
    t10_third_party_payment,
    t11_offsetting,
    t12_purpose_abuse,
    t13_asset_flight,
    t14_dormant_burst,
    t15_round_tripping,
    t16_off_market_rate,
    t17_pass_through_funnel,
    t18_business_mismatch,
)
from streams.generator.scenarios.terms import Scenario

SCENARIOS: tuple[Scenario, ...] = (
    t01_split_remittance.SCENARIO,
    t02_annual_cap.SCENARIO,
    t03_fan.SCENARIO,
    t04_hwanchigi_mirror.SCENARIO,
    t05_kimchi_premium.SCENARIO,
    t06_import_without_declaration.SCENARIO,
    t07_export_proceeds.SCENARIO,
    t08_declared_settled_gap.SCENARIO,
    t09_price_mis_invoicing.SCENARIO,
    t10_third_party_payment.SCENARIO,
    t11_offsetting.SCENARIO,
    t12_purpose_abuse.SCENARIO,
    t13_asset_flight.SCENARIO,
    t14_dormant_burst.SCENARIO,
    t15_round_tripping.SCENARIO,
    t16_off_market_rate.SCENARIO,
    t17_pass_through_funnel.SCENARIO,
    t18_business_mismatch.SCENARIO,
)
TYPOLOGIES = tuple(scenario.typology for scenario in SCENARIOS)
