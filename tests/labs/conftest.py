"""The site and the browser are those of the pages' tests."""

from tests.site.conftest import browser, site

__all__ = ["browser", "site"]
