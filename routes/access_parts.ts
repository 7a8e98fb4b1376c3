/** The parts of the login, put together for one app. */

import { type AccessFiles, Directory } from "../jobs/access_directory.ts";
import type { Mask } from "../jobs/access_mask.ts";
import type { Broker } from "../jobs/broker.ts";
import { Clients, TRUSTED_PROXIES } from "./access_client.ts";
import { Login } from "./access_login.ts";
import { OpenConnections } from "./access_open.ts";

/** Who may come in, and what nobody may do or see. */
export interface AccessSettings {
  /** Where users and tokens are; null where nobody has to log in. */
  files: AccessFiles | null;
  /** Nobody may change anything. */
  readOnly: boolean;
  /** What nobody may see. */
  mask: Mask | null;
  /** Addresses and ranges of proxies that tell where a request comes from. */
  trustedProxies: string[];
}

/** Where everyone may do everything. */
export const OPEN: AccessSettings = {
  files: null,
  readOnly: false,
  mask: null,
  trustedProxies: TRUSTED_PROXIES,
};

export function accessParts(broker: Broker, { files, readOnly, trustedProxies }: AccessSettings) {
  const directory = new Directory(broker, files ?? {});
  const clients = new Clients(trustedProxies);
  const login = new Login(directory, broker, clients);
  const open = new OpenConnections(directory);
  return { directory, clients, login, open, auth: files !== null, readOnly };
}
