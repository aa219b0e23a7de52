"""Settings are compared one by one, by their dotted names."""

from hypothesis import given
from hypothesis import strategies as st

from journey.store.settings import differences, plain

leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
configs = st.recursive(
    st.dictionaries(st.text("abc", min_size=1, max_size=2), leaves, max_size=3),
    lambda inner: st.dictionaries(st.text("abc", min_size=1, max_size=2), leaves | inner, max_size=3),
    max_leaves=8,
)


@given(configs)
def test_settings_do_not_differ_from_themselves(config):
    assert differences(config, plain(config)) == []


@given(configs, configs)
def test_settings_differ_exactly_when_they_are_not_equal(old, new):
    one, other = plain(old), plain(new)
    assert bool(differences(one, other)) == (repr(_sorted(one)) != repr(_sorted(other)))


def _sorted(value):
    return {key: _sorted(value[key]) for key in sorted(value)} if isinstance(value, dict) else value


def test_a_list_is_one_setting_and_a_tuple_is_a_list():
    assert differences(plain({"seeds": (1, 2)}), {"seeds": [1, 2]}) == []
    assert differences({"seeds": [1, 2]}, {"seeds": [1, 3]}) == ["seeds: was [1, 2], now [1, 3]"]


def test_one_and_true_and_one_as_a_float_are_not_the_same():
    assert differences({"a": 1, "b": 1}, {"a": True, "b": 1.0}) == ["a: was 1, now true", "b: was 1, now 1.0"]


def test_an_ignored_name_is_the_setting_or_what_lies_under_it_or_a_bare_name_anywhere():
    old = {"grow": {"workers": 1, "width": 4}, "ray": {"nodes": 1}}
    new = {"grow": {"workers": 2, "width": 5}, "ray": {"nodes": 2}}
    assert differences(old, new, ("workers", "ray")) == ["grow.width: was 4, now 5"]
    assert differences(old, new, ("grow.workers", "grow.width", "ray.nodes")) == []
