// @kapso/whatsapp-cloud-api against the server of the test; prints what it got as JSON.
import { WhatsAppClient } from "@kapso/whatsapp-cloud-api";

const { url, token, phone, waba, to } = JSON.parse(process.argv[2]);
const client = new WhatsAppClient({ accessToken: token, baseUrl: url });
const out = {};

const text = await client.messages.sendText({ phoneNumberId: phone, to: `+${to}`, body: "Hello from kapso" });
out.text = text.messages[0].id;
out.input = text.contacts[0].input;
const buttons = await client.messages.sendInteractiveButtons({
  phoneNumberId: phone,
  to,
  bodyText: "Coffee?",
  buttons: [{ id: "yes", title: "Yes" }, { id: "no", title: "No" }],
});
out.buttons = buttons.messages[0].id;
const location = await client.messages.sendLocation({
  phoneNumberId: phone,
  to,
  location: { latitude: 52.5, longitude: 13.4, name: "Berlin", address: "Mitte" },
});
out.location = location.messages[0].id;
const media = await client.media.upload({
  phoneNumberId: phone,
  type: "application/pdf",
  file: new Blob([new TextEncoder().encode("%PDF-1.7 kapso")], { type: "application/pdf" }),
  fileName: "menu.pdf",
});
out.media = (await client.media.get({ mediaId: media.id })).mimeType;
out.bytes = new TextDecoder().decode(await client.media.download({ mediaId: media.id }));
const document = await client.messages.sendDocument({
  phoneNumberId: phone,
  to,
  document: { id: media.id, filename: "menu.pdf" },
});
out.document = document.messages[0].id;
await client.templates.create({
  businessAccountId: waba,
  name: "kapso_hello",
  language: "en_US",
  category: "UTILITY",
  components: [{ type: "BODY", text: "Your table for {{1}} people is ready now.", example: { body_text: [["4"]] } }],
});
out.templates = (await client.templates.list({ businessAccountId: waba, limit: 10 })).data.map((t) => t.name);
const template = await client.messages.sendTemplate({
  phoneNumberId: phone,
  to,
  template: {
    name: "kapso_hello",
    language: { code: "en_US" },
    components: [{ type: "body", parameters: [{ type: "text", text: "2" }] }],
  },
});
out.template = template.messages[0].id;
try {
  await client.messages.sendText({ phoneNumberId: phone, to: "12", body: "x" });
} catch (error) {
  out.error = error.code;
}
await client.templates.delete({ businessAccountId: waba, name: "kapso_hello" });
console.log(JSON.stringify(out));
