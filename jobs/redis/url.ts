/**
 * The URL of a Redis, or of the sentinels that know where it is:
 *
 *     redis://USER:PASSWORD@HOST:PORT/DB
 *     redis-sentinel://USER:PASSWORD@HOST:PORT,HOST:PORT/DB?master=NAME
 *
 * With `rediss` for TLS.
 */

/** Where something listens. */
export interface Place {
  host: string;
  port: number;
}

export interface Login {
  username?: string;
  password?: string;
}

/** Files in PEM form. */
export interface TlsFiles {
  ca?: string;
  cert?: string;
  key?: string;
}

export interface RedisUrl {
  /** The same without credentials. */
  location: string;
  login: Login;
  db: number;
  /** Undefined for a connection in the clear. */
  tls: TlsFiles | undefined;
  /** Of the server, or of the sentinels. */
  places: [Place, ...Place[]];
  /** If sentinels are to be asked. */
  master: { name: string; login: Login } | undefined;
}

const FORMS = {
  redis:
    "a broker on Redis is named by redis://USER:PASSWORD@HOST:PORT/DB, or rediss:// for TLS, " +
    "with special characters percent-encoded (@ as %40)",
  sentinel: "a Redis behind Sentinel is named by " +
    "redis-sentinel://USER:PASSWORD@HOST:PORT,HOST:PORT/DB?master=NAME, or rediss-sentinel:// for TLS, " +
    "with special characters percent-encoded (@ as %40)",
};

const PARAMETERS = ["username", "password", "db"];
/** As redis-py and Celery call them. */
const TLS_PARAMETERS = ["ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs"];
const SENTINEL_PARAMETERS = ["master", "sentinel_username", "sentinel_password"];

const PARTS = /^(rediss?)(-sentinel)?:\/\/(?:([^/?#]*)@)?([^/?#@]*)(?:\/(\d*))?(?:\?([^#]*))?$/;

/** Whether this means to be the URL of a Redis. */
export function isRedisUrl(text: string): boolean {
  return /^(rediss?|(rediss?-)?sentinel):/.test(text);
}

/**
 * Reads a URL.
 * @throws {TypeError} it is wrong; the message repeats nothing of it, since it may hold a password
 */
export function parseRedisUrl(text: string): RedisUrl {
  const isSentinel = /^[a-z-]*sentinel:/.test(text);
  const form = isSentinel ? FORMS.sentinel : FORMS.redis;
  const parts = /\s/.test(text) ? null : PARTS.exec(text);
  if (!parts) throw new TypeError(form);
  const [, scheme, , user = "", hosts = "", db = "", query = ""] = parts;
  const isTls = scheme === "rediss";
  const places = hosts.split(",").map((host) => toPlace(host, isSentinel ? 26379 : 6379));
  const [first, ...others] = places;
  const known = [
    ...PARAMETERS,
    ...isTls ? TLS_PARAMETERS : [],
    ...isSentinel ? SENTINEL_PARAMETERS : [],
  ];
  const parameters = readParameters(query, known);
  const [username, password = ""] = user.split(/:(.*)/s);
  const name = parameters.get("master");
  const number = db || parameters.get("db") || "0";
  if (!first || (others.length > 0 && !isSentinel) || !/^\d+$/.test(number)) {
    throw new TypeError(form);
  }
  if (isSentinel && !name) {
    throw new TypeError("a URL for Sentinel has to name the master, as in ?master=mymaster");
  }
  return {
    location: `${text.replace(/:.*/s, "")}://${hosts}${db && `/${db}`}${
      name ? `?master=${name}` : ""
    }`,
    login: login(
      decode(username, form) || parameters.get("username"),
      decode(password, form) || parameters.get("password"),
    ),
    db: Number(number),
    tls: isTls ? tlsFiles(parameters) : undefined,
    places: [first, ...others],
    master: name
      ? {
        name,
        login: login(parameters.get("sentinel_username"), parameters.get("sentinel_password")),
      }
      : undefined,
  };
}

/** Hides the passwords of a URL, of whatever kind and however wrong it is. */
export function withoutPasswords(text: string): string {
  return text
    .replace(/^([\w+.-]+:\/\/[^:@/?#]*):.*@(?=[^@]*$)/s, "$1:***@")
    .replaceAll(/([?&](?:\w+_)?password=)[^&#]*/g, "$1***");
}

function readParameters(query: string, known: string[]): Map<string, string> {
  const parameters = new Map(new URLSearchParams(query));
  for (const name of parameters.keys()) {
    if (known.includes(name)) continue;
    const what = /^\w+$/.test(name) ? ` "${name}"` : " of this name"; // else part of a password, perhaps
    throw new TypeError(`the broker's URL can have no parameter${what}, only ${list(known)}`);
  }
  return parameters;
}

function list(names: string[]): string {
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** @throws {TypeError} no host and port */
function toPlace(text: string, defaultPort: number): Place {
  const url = URL.parse(`redis://${text}`);
  if (!url?.hostname || url.port === "0") {
    throw new TypeError(
      "a broker's URL names each host as HOST or HOST:PORT, or [ADDRESS]:PORT for IPv6",
    );
  }
  return {
    host: url.hostname.replaceAll(/^\[|\]$/g, ""),
    port: url.port ? Number(url.port) : defaultPort,
  };
}

function decode(text: string | undefined, form: string): string {
  try {
    return decodeURIComponent(text ?? "");
  } catch {
    throw new TypeError(form);
  }
}

function login(username: string | undefined, password: string | undefined): Login {
  return { ...username && { username }, ...password && { password } };
}

function tlsFiles(parameters: Map<string, string>): TlsFiles {
  const [ca, cert, key, checks] = TLS_PARAMETERS.map((name) => parameters.get(name));
  if (checks !== undefined && !/^(CERT_)?REQUIRED$/i.test(checks)) {
    throw new TypeError(
      "certificates are always checked: leave ssl_cert_reqs out, and name the CA's file in ssl_ca_certs",
    );
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw new TypeError("a client certificate needs both ssl_certfile and ssl_keyfile");
  }
  return { ...ca && { ca }, ...cert && { cert }, ...key && { key } };
}
