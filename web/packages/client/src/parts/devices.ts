/** This account's devices; another one joins by a code that this one approves. */
import { ClientError, type Devices, type DeviceView, type LinkOffer, type Live } from "../api.ts";
import type { Household } from "./household.ts";
import { Linking } from "./linking.ts";
import { DeviceList } from "./profile.ts";

export class DevicesPart implements Devices {
  readonly #list: DeviceList;
  readonly #linking: Linking;

  constructor(household: Household) {
    this.#list = new DeviceList(household);
    this.#linking = new Linking(household);
  }

  get list(): Live<readonly DeviceView[] | undefined> {
    return this.#list.list;
  }

  async rename(id: string, name: string): Promise<void> {
    await this.#list.rename(id, name);
  }

  async remove(id: string): Promise<void> {
    await this.#list.remove(id);
  }

  offer(deviceName: string): Live<LinkOffer | undefined> {
    return this.#linking.offer(deviceName);
  }

  async inspect(qr: string): Promise<{ deviceName: string }> {
    const offer = this.#linking.read(qr);
    if (!offer) throw new ClientError("not-found");
    return { deviceName: offer.deviceName };
  }

  async approve(qr: string, options: { history: boolean }): Promise<void> {
    await this.#linking.approve(qr, options.history);
    await this.#list.refresh();
  }
}
