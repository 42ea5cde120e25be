"""Units and currencies that stand beside numbers, and the ways in which each is written."""

from __future__ import annotations

_SYMBOLS = (
    "US$ A$ C$ R$ S$ HK$ NZ$ $ € £ ¥ ￥ ₹ ₽ ₩ ₺ ₴ ₪ ฿ ₫ ₦ ₱ ₡ ₲ ₵ ₸ ₼ ₾ zł Kč Ft kr. kr Fr. Rs. Rs "
    "лв руб. руб грн 元 円 원"
)
_CODES = (
    "USD EUR GBP JPY CNY RMB CHF AUD CAD NZD HKD SGD SEK NOK DKK ISK PLN CZK HUF RON BGN RUB UAH "
    "TRY INR IDR MYR THB VND PHP KRW TWD BRL ARS CLP COP MXN PEN ZAR NGN EGP KES ILS AED SAR PKR"
)
CURRENCIES = frozenset(f"{_SYMBOLS} {_CODES}".split())
"""Signs and codes of currencies: they stand before a number or behind it."""

_ONE_WAY = (
    "‰ 万 亿 mg oz m nm yd ha cl gal ms ns Hz kHz MHz GHz W MW GW MWh GWh Wh V mV kV mA Ah mAh kN "
    "Nm J kJ MJ cal kcal Pa hPa kPa MPa bar mbar psi mmHg bpm rpm mph m/s kt PS kmpl mpg tons MB "
    "GB TB KiB MiB GiB bit bits bytes px dB dBm ppm ppb Mbps Gbps kbps fps lux lm mol mmol IU U/L "
    "mEq/L kWp l/100km €/kWh $/kg €/kg kg/ha t/ha pcs pts Stk Stück"
)
_MORE_WAYS = {
    "g/dl": "g/dL",
    "ng/ml": "ng/mL",
    "pg/ml": "pg/mL",
    "µg/dl": "µg/dL μg/dL ug/dL",
    "kg/m²": "kg/m2",
    "%": "percent pct pct.",
    "°": "deg",
    "°C": "℃ ºC",
    "°F": "℉",
    "k": "K",
    "M": "mn Mio Mio. mio million millions",
    "B": "bn Mrd Mrd. billion",
    "kg": "Kg KG kgs kilograms",
    "g": "gr gram grams",
    "µg": "μg ug mcg",
    "t": "tonnes",
    "lb": "lbs lb. lbs.",
    "km": "KM Km",
    "cm": "CM",
    "mm": "MM",
    "µm": "μm",
    "ft": "feet",
    "in": 'inch inches "',
    "mi": "miles",
    "acres": "acre",
    "m²": "m2 sqm qm",
    "m³": "m3",
    "km²": "km2",
    "cm²": "cm2",
    "cm³": "cm3 cc CC",
    "ft²": "ft2 sqft sq.ft. sq.ft",
    "l": "L liter litre liters litres",
    "ml": "mL ML",
    "dl": "dL",
    "s": "sec secs second seconds",
    "µs": "μs",
    "min": "mins minute minutes",
    "h": "hr hrs hour hours",
    "d": "day days",
    "week": "weeks wks",
    "mo": "month months",
    "y": "yr yrs year years",
    "kW": "KW",
    "kWh": "KWh",
    "km/h": "kmh kph kmph",
    "knots": "kn",
    "bhp": "hp HP BHP",
    "mg/dl": "mg/dL",
    "mmol/l": "mmol/L",
    "g/l": "g/L",
    "mg/l": "mg/L",
    "µg/m³": "µg/m3 μg/m³ ug/m3",
    "kg/m³": "kg/m3",
    "g/cm³": "g/cm3",
    "W/m²": "W/m2",
    "KB": "kB",
}
UNITS: dict[str, str] = {
    **{unit: unit for unit in _ONE_WAY.split()},
    **{word: unit for unit, words in _MORE_WAYS.items() for word in (unit, *words.split())},
}
"""By each way to write a unit, the one by which it is told; they stand behind a number."""
