// whatsapp-api-js: its host is fixed, so its fetch leads to the server of the test; prints what it got as JSON.
import { WhatsAppAPI } from "whatsapp-api-js";
import { ActionButtons, Body, Button, Interactive, Location, Text } from "whatsapp-api-js/messages";

const { url, token, secret, phone, to, hooks } = JSON.parse(process.argv[2]);
const here = (address, init) => fetch(String(address).replace(/^https:\/\/graph\.facebook\.com/, url), init);
const api = new WhatsAppAPI({ token, appSecret: secret, ponyfill: { fetch: here } });
const out = {};

out.text = (await api.sendMessage(phone, to, new Text("Hello from whatsapp-api-js"))).messages[0].id;
out.location = (await api.sendMessage(phone, to, new Location(13.4, 52.5, "Berlin"))).messages[0].id;
const question = new Interactive(new ActionButtons(new Button("yes", "Yes")), new Body("Coffee?"));
out.buttons = (await api.sendMessage(phone, to, question)).messages[0].id;
const qr = await api.createQR(phone, "Hi there", "svg");
out.qr = (await api.retrieveQR(phone, qr.code)).data[0].prefilled_message;
out.qrDeleted = (await api.deleteQR(phone, qr.code)).success;
const form = new FormData();
form.set("file", new Blob(["%PDF-1.7 js"], { type: "application/pdf" }), "a.pdf");
const media = await api.uploadMedia(phone, form);
out.media = (await api.retrieveMedia(media.id)).mime_type;
out.blocked = (await api.blockUser(phone, to)).block_users.added_users.length;
out.unblocked = (await api.unblockUser(phone, to)).block_users.removed_users.length;

// Its own signature check over what we sent as webhooks.
out.heard = [];
api.on.message = ({ message, name, from }) => out.heard.push([from, name, message.type]);
api.on.status = ({ status }) => out.heard.push(["status", status]);
for (const { body, signature } of hooks) await api.post(JSON.parse(body), body, signature);
console.log(JSON.stringify(out));
