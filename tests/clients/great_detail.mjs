// @great-detail/whatsapp against the server of the test; prints what it got as JSON.
import Client from "@great-detail/whatsapp";

const { url, token, phone, waba, to } = JSON.parse(process.argv[2]);
const sdk = new Client({ baseUrl: url, request: { headers: { Authorization: `Bearer ${token}` } } });
const out = {};

const message = await sdk.message
  .createMessage({
  phoneNumberID: phone,
  to,
  type: "text",
  text: { body: "Hello from great-detail" },
})
  .json();
out.text = message.messages[0].id;
out.number = (await sdk.phoneNumbers.getPhoneNumber({ phoneNumberID: phone, fields: ["id", "verified_name"] }).json()).id;
out.numbers = (await sdk.phoneNumbers.listPhoneNumbers({ businessAccountID: waba }).json()).data.length;
await sdk.businessProfile.updateBusinessProfile({ phoneNumberID: phone, about: "From great-detail" });
out.about = (
  await sdk.businessProfile.getBusinessProfile({ phoneNumberID: phone, fields: ["about"] }).json()
).data[0].about;
out.subscribed = (await sdk.subscribedApps.listSubscriptions({ businessAccountID: waba }).json()).data.length;
const file = new File(["%PDF-1.7 gd"], "a.pdf", { type: "application/pdf" });
const media = await sdk.media.upload({ phoneNumberID: phone, mimeType: "application/pdf", file }).json();
out.media = (await sdk.media.getURL({ mediaID: media.id }).json()).mime_type;
out.deleted = (await sdk.media.delete({ mediaID: media.id }).json()).success;
console.log(JSON.stringify(out));
