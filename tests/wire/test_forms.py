"""Data forms are read and written as XEP-0004 has them."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from plauder.wire.forms import Field, Form, MalformedForm

CONFIG = """<x xmlns='jabber:x:data' type='submit'>
  <field var='FORM_TYPE' type='hidden'><value>urn:x</value></field>
  <field var='many'><value>a</value><value>b</value></field>
  <field var='on'><value>true</value></field>
  <field var='none'/>
</x>"""


def test_a_submitted_form_is_read():
    form = Form.parse(fromstring(CONFIG))
    assert form.form_type == "urn:x"
    assert form["many"].values == ("a", "b")
    assert form["on"].flag
    assert not form["none"].flag
    assert form.text("missing", "x") == "x"
    assert form.values() == {"many": ("a", "b"), "on": ("true",), "none": ()}
    with pytest.raises(KeyError):
        form["missing"]


def test_a_form_survives_the_wire():
    form = Form("form", [Field("a", ("1",), "list-single", "A", (("1", "one"), ("2", "")), True)], title="T")
    again = Form.parse(form.element())
    assert again.fields == form.fields
    assert (again.kind, again.title) == ("form", "T")


@pytest.mark.parametrize(
    "xml",
    [
        "<x xmlns='jabber:x:other'/>",
        "<x xmlns='jabber:x:data' type='nonsense'/>",
        "<x xmlns='jabber:x:data'><field var='a'/><field var='a'/></x>",
    ],
)
def test_what_is_no_form_is_refused(xml: str):
    with pytest.raises(MalformedForm):
        Form.parse(fromstring(xml))


def test_of_puts_the_form_type_first():
    assert [f.var for f in Form.of("result", "urn:x", {"a": "1", "b": ["2", "3"]}).fields] == ["FORM_TYPE", "a", "b"]
