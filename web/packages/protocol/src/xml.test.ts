import { describe, expect, it } from "vitest";
import { MalformedXml } from "./errors.ts";
import { el, MAX_FRAME, parse } from "./xml.ts";

describe("parse", () => {
  it("resolves default and prefixed namespaces", () => {
    const stanza = parse('<m xmlns="a" xmlns:p="b"><p:x k="1"/><y xmlns="c"><z/></y>t&lt;<![CDATA[<]]></m>');
    expect(stanza.ns).toBe("a");
    expect(stanza.get("x", "b")?.attr("k")).toBe("1");
    expect(stanza.get("y", "c")?.get("z")?.ns).toBe("c");
    expect(stanza.text()).toBe("t<<");
  });

  it.each([
    ["truncated", "<a><b></a>"],
    ["empty", ""],
    ["two roots", "<a/><b/>"],
    ["DTD with entities", '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
    ["comment", "<a><!-- hello --></a>"],
    ["processing instruction", "<a><?php ?></a>"],
    ["undeclared prefix", "<p:a/>"],
    ["undeclared entity", "<a>&nbsp;</a>"],
    ["duplicate attribute", '<a b="1" b="2"/>'],
    ["nested too deep", "<a>".repeat(5000) + "</a>".repeat(5000)],
    ["nested deeper than the stack", "<a>".repeat(200_000)],
    ["too large", `<a>${"x".repeat(MAX_FRAME)}</a>`],
    ["control character", "<a>\u0000</a>"],
  ])("refuses what is %s", (_, text) => {
    expect(() => parse(text)).toThrow(MalformedXml);
  });

  it("is not fooled by attributes named like object members", () => {
    const stanza = parse('<a __proto__="x" constructor="y"/>');
    expect(Object.getPrototypeOf(stanza.attrs)).toBe(Object.prototype);
    expect(stanza.attr("constructor")).toBe("y");
  });
});

describe("serialize", () => {
  it("declares a namespace where it changes and nowhere else", () => {
    const stanza = el(
      "message",
      "jabber:client",
      { to: "b" },
      el("body", "jabber:client", {}, "hi"),
      el("x", "y"),
    );
    expect(String(stanza)).toBe(
      '<message xmlns="jabber:client" to="b"><body>hi</body><x xmlns="y"/></message>',
    );
  });

  it("survives the way back whatever the text is", () => {
    const text = `<&>"' \r\n\t]]> 😀 \u0000\u0008`;
    const back = parse(String(el("a", "n", { k: text }, text)));
    const kept = text.replaceAll("\u0000", "").replaceAll("\u0008", "");
    expect(back.attr("k")).toBe(kept);
    expect(back.text()).toBe(kept);
  });

  it("leaves out what is undefined or false", () => {
    expect(String(el("a", "", { b: undefined, c: 0 }, undefined, false))).toBe('<a c="0"/>');
  });
});
