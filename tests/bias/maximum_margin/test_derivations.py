"""The derivations of the chapter are proved when they are built."""

from lecturelib.bias.maximum_margin import derivations


def test_the_guess_is_the_multiplier():
    assert str(derivations.guess().result) == "alpha_i"
