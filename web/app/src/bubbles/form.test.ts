// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how flows name their data
// biome-ignore-all lint/suspicious/noThenProperty: a flow's condition has one
import { describe, expect, it } from "vitest";
import {
  evaluate,
  fault,
  initial,
  options,
  readAct,
  readDefinition,
  resolve,
  type Scope,
  shown,
} from "./form.ts";

const scope: Scope = {
  data: { name: "Ann", open: true, list: [{ id: "a", title: "A" }], deep: { x: 1 } },
  form: { age: "21", tea: "green" },
  screen: { FIRST: { data: {}, form: { who: "Bo" } } },
};

describe("a form", () => {
  it.each([
    ["${data.name}", "Ann"],
    ["${data.list}", [{ id: "a", title: "A" }]],
    ["Hi ${data.name}, ${form.age}", "Hi Ann, 21"],
    ["${screen.FIRST.form.who}", "Bo"],
    ["`'Hi ' ${data.name} '!'`", "Hi Ann!"],
    ["${data.constructor}", undefined],
    ["${data.name.length}", undefined],
  ])("resolves %s", (source, value) => {
    expect(resolve(source, scope)).toEqual(value);
  });

  it.each([
    ["${form.age} >= 18", true],
    ["${form.tea} == 'black' || !(${data.open} == false)", true],
    ["${form.tea} == 'green' && ${data.deep.x} > 1", false],
    ["1 + 2 * 3", 7],
    ["${data.deep.x} / 0", undefined],
    ["alert(1)", undefined],
    ["(", undefined],
    ["1 2)", undefined],
    ["'", undefined],
    ["", undefined],
  ])("evaluates %s", (source, value) => {
    expect(evaluate(source, scope)).toEqual(value);
  });

  it("shows what is visible, of forms and conditions what holds", () => {
    const parts = [
      { type: "TextBody", text: "1", visible: "${data.open}" },
      { type: "TextBody", text: "2", visible: false },
      {
        type: "If",
        condition: "${form.age} > 30",
        then: [{ type: "TextBody", text: "3" }],
        else: [{ type: "TextBody", text: "4" }],
      },
      {
        type: "Switch",
        value: "${form.tea}",
        cases: { green: [{ type: "TextBody", text: "5" }], default: [] },
      },
      {
        type: "Form",
        "init-values": { city: "Porto" },
        "error-messages": { city: "Which?" },
        children: [{ type: "TextInput", name: "city" }],
      },
    ];
    expect(shown(parts, scope).map((part) => part.text ?? part["error-message"])).toEqual([
      "1",
      "4",
      "5",
      "Which?",
    ]);
    expect(initial(parts, scope)).toEqual({ city: "Porto" });
  });

  it.each([
    [{ type: "TextInput", name: "n", required: true }, " ", "missing"],
    [{ type: "TextInput", name: "n" }, "", undefined],
    [{ type: "TextInput", name: "n", "input-type": "email" }, "a@b", "not-that"],
    [{ type: "TextInput", name: "n", "input-type": "email" }, "a@b.org", undefined],
    [{ type: "TextInput", name: "n", "min-chars": 3 }, "ab", "too-short"],
    [
      { type: "TextInput", name: "n", pattern: "[A-Z]+", "error-message": "Capitals" },
      "ab",
      { says: "Capitals" },
    ],
    [{ type: "TextInput", name: "n", pattern: "(" }, "ab", undefined],
    [{ type: "TextArea", name: "n", "max-length": 2 }, "abc", "too-long"],
    [{ type: "CheckboxGroup", name: "n", required: true }, [], "missing"],
    [{ type: "CheckboxGroup", name: "n", "max-selected-items": 1 }, ["a", "b"], "too-many"],
    [{ type: "CheckboxGroup", name: "n", "min-selected-items": 2 }, ["a"], "too-few"],
    [{ type: "OptIn", name: "n", required: true }, false, "missing"],
  ])("tells what is wrong with %o", (part, value, wrong) => {
    expect(fault(part, value, scope)).toEqual(wrong);
  });

  it("fills what an action carries", () => {
    const payload = { who: "${data.name}", age: "${form.age}" };
    expect(readAct({ name: "navigate", next: { type: "screen", name: "B" }, payload }, scope)).toEqual({
      name: "navigate",
      next: "B",
      payload: { who: "Ann", age: "21" },
    });
    expect(readAct({ name: "complete", payload }, scope)).toMatchObject({ name: "complete" });
    expect(readAct({ name: "open_url", url: "javascript:alert(1)" }, scope)).toBeUndefined();
    for (const bad of [null, 5, "x", [], { name: "explode" }]) expect(readAct(bad, scope)).toBeUndefined();
  });

  it("survives what is no flow", () => {
    for (const bad of ["", "5", "[]", "{}", '{"screens":[null,5,{}]}'])
      expect(readDefinition(bad)).toBeUndefined();
    const odd = {
      version: "7.1",
      screens: [{ id: "A", layout: { children: [null, { type: "If" }, { type: "Form" }] } }],
    };
    const definition = readDefinition(JSON.stringify(odd));
    expect(definition).toMatchObject({ version: 7.1, first: "A" });
    expect(shown(definition?.screens.get("A")?.parts ?? [], scope)).toEqual([]);
    expect(options({ "data-source": "${data.name}" }, scope)).toEqual([]);
  });
});
