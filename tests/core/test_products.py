"""The product catalogue: what is wrong in it has its line, and nothing wrong is shown to anybody."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from include.core.errors import ConfigurationError
from include.core.products import inspect_products, load_products

HEAD = "product_id,name,price,url,image,currency\n"
ROW = "lp-1,Kitchen Songs,24.90,https://shop.example.com/lp-1,cover.png,\n"


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "cover.png").write_bytes(b"")
    monkeypatch.setenv("TRADEWIND_PRODUCTS", str(tmp_path))
    return tmp_path / "products.csv"


def test_products_keep_their_order_and_currency(catalogue: Path) -> None:
    catalogue.write_text(HEAD + ROW + 'lp-0,"Salt, and Roads",19,https://shop.example.com/lp-0,,EUR\n')
    products = load_products()
    assert [*products] == ["lp-1", "lp-0"]
    assert (products["lp-1"].price, products["lp-1"].currency, products["lp-0"].currency) == (Decimal("24.90"), None, "EUR")
    assert products["lp-0"].name == "Salt, and Roads"


def test_a_shop_without_a_catalogue_has_no_products(catalogue: Path) -> None:
    assert load_products() == {}


@pytest.mark.parametrize(
    ("text", "line", "words", "remedy"),
    [
        (HEAD.replace("price", "prise") + ROW, 1, "has no column price", "The first line is"),
        (HEAD.replace("image", "imgae") + ROW, 1, "unknown column 'imgae'", "Did you mean image?"),
        (HEAD + ROW + ROW, 3, "product_id lp-1 occurs twice", "Remove"),
        (HEAD + ROW.replace("lp-1,K", "lp 1,K"), 2, "product_id is not an id", "letters"),
        (HEAD + ROW.replace("24.90", "24,90"), 2, "more or fewer values", "double quotes"),
        (HEAD + ROW.replace("24.90", "-1"), 2, "price is not an amount", "point"),
        (HEAD + ROW.replace("24.90", "NaN"), 2, "price is not an amount", "point"),
        (HEAD + ROW.replace("https://shop.example.com/lp-1", "javascript:alert(1)"), 2, "url is not an https", "https"),
        (HEAD + ROW.replace("cover.png", "cver.png"), 2, "image cver.png does not exist", "Did you mean cover.png?"),
        (HEAD + ROW.replace("Kitchen Songs", " "), 2, "name is empty", "characters"),
        (HEAD + ROW.replace(",\n", ",Euro\n"), 2, "currency is not one", "ISO 4217"),
        (HEAD + ROW.replace(",\n", ",GPB\n"), 2, "'GPB' is not a currency that is in use. Did you mean GBP?", "empty"),
    ],
)
def test_mistakes_have_their_line(catalogue: Path, text: str, line: int, words: str, remedy: str) -> None:
    catalogue.write_text(text)
    found = inspect_products()[1]
    assert [(one.line, words in one.what, remedy in one.remedy) for one in found if words in one.what] == [
        (line, True, True)
    ]
    with pytest.raises(ConfigurationError):
        load_products()


def test_the_catalogue_of_the_demo_is_valid() -> None:
    products, findings = inspect_products()
    assert findings == ()
    assert len(products) == 24
