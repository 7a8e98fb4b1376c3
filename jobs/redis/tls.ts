/** The files for TLS that a broker's URL names. */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { BrokerRefusedError } from "../broker.ts";
import type { TlsFiles } from "./url.ts";

/** What `node:tls` takes, as text. */
export interface TlsOptions {
  ca?: string;
  cert?: string;
  key?: string;
}

/**
 * Reads the files, anew for each connection, so that certificates can be replaced meanwhile.
 * @throws {BrokerRefusedError} one cannot be read, or is not what it should be
 */
export function readTls({ ca, cert, key }: TlsFiles): TlsOptions {
  const options: TlsOptions = {};
  if (ca !== undefined) {
    options.ca = read("ssl_ca_certs", ca, "certificates", (text) => new X509Certificate(text));
  }
  if (cert !== undefined && key !== undefined) {
    options.cert = read("ssl_certfile", cert, "a certificate", (text) => new X509Certificate(text));
    options.key = read("ssl_keyfile", key, "a private key", (text) => createPrivateKey(text));
    if (!new X509Certificate(options.cert).checkPrivateKey(createPrivateKey(options.key))) {
      throw new BrokerRefusedError(`The key in ${key} is not that of the certificate in ${cert}`);
    }
  }
  return options;
}

function read(parameter: string, path: string, what: string, parse: (text: string) => void) {
  const named = `${parameter} in the broker's URL names ${path}, which`;
  let text;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    const reason = error instanceof Deno.errors.NotCapable
      ? "taskapp may not read there; docs/permissions.md says where it may"
      : `${error instanceof Error ? error.message : error}`.replace(/: readfile '.*$/s, "");
    throw new BrokerRefusedError(`${named} cannot be read: ${reason}`);
  }
  try {
    parse(text);
  } catch {
    throw new BrokerRefusedError(`${named} is not ${what} in PEM form`);
  }
  return text;
}
