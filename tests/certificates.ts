/** Certificates for tests, by `openssl`: a CA of one's own, and what it has signed. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";

export class Certificates implements AsyncDisposable {
  private constructor(readonly dir: string) {}

  /** Makes `ca.pem` and, signed by nobody else, `other-ca.pem`. */
  static async make(): Promise<Certificates> {
    const made = new Certificates(await mkdtemp(`${tmpdir()}/taskapp-tls-`));
    await Promise.all(["ca", "other-ca"].map((name) => made.#makeCa(name)));
    return made;
  }

  /** Makes `NAME.pem` and `NAME.key`, signed by `ca`, for names such as `DNS:localhost,IP:127.0.0.1`. */
  async sign(name: string, altNames: string): Promise<void> {
    await writeFile(`${this.dir}/${name}.ext`, `subjectAltName=${altNames}\n`);
    await this.#openssl("req", "-new", ...newKey(name), "-out", `${name}.csr`);
    await this.#openssl(
      ...["x509", "-req", "-in", `${name}.csr`, "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2"],
      ...["-CAcreateserial", "-CAserial", `${name}.srl`, "-extfile", `${name}.ext`],
      ...["-out", `${name}.pem`],
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.dir, { recursive: true });
  }

  #makeCa(name: string): Promise<void> {
    const isCa = ["-addext", "basicConstraints=critical,CA:TRUE"];
    return this.#openssl(
      "req",
      "-x509",
      "-days",
      "2",
      ...newKey(name),
      ...isCa,
      "-out",
      `${name}.pem`,
    );
  }

  async #openssl(...args: string[]): Promise<void> {
    const { success, stderr } = await new Deno.Command("openssl", { args, cwd: this.dir }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  }
}

function newKey(name: string): string[] {
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  return [...kind, "-subj", `/CN=${name}`, "-keyout", `${name}.key`];
}
