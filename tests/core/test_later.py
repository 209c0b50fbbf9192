"""Names that a package fetches when they are asked for."""

import json
import json.decoder

import pytest

from lecturelib.core.later import later


def test_a_name_is_fetched_from_its_module():
    fetch = later("json", {"JSONDecoder": "decoder"})
    assert fetch("JSONDecoder") is json.decoder.JSONDecoder
    with pytest.raises(AttributeError, match="module 'json' has no attribute 'Nothing'"):
        fetch("Nothing")
