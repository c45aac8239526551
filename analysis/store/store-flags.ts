// Where rows go: flags first, then the environment. Credentials come from the environment or a file, because
// every user of a host can read the arguments of every process.

import { readFileSync } from 'node:fs';

import { Option, type Command } from 'commander';

import { ToolError, fileError } from '../../collector/base/index.ts';

export interface StoreFlags {
  readonly store?: string;
  readonly url?: string;
  readonly passwordFile?: string;
}

export interface ServerAddress {
  /** Without credentials. */
  readonly url: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

export type StorePlace =
  /** The embedded engine, in memory where no folder is given. */
  | { readonly kind: 'embedded'; readonly folder: string | undefined }
  | { readonly kind: 'server'; readonly server: ServerAddress };

type Environment = Readonly<Record<string, string | undefined>>;

const URL_NAME = 'IOTLB_CLICKHOUSE_URL';
const USER_NAME = 'IOTLB_CLICKHOUSE_USER';
const PASSWORD_NAME = 'IOTLB_CLICKHOUSE_PASSWORD';

const INSTEAD = `put the password into ${PASSWORD_NAME} or a file for --password-file, and the user into ${USER_NAME}`;

export function addStoreFlags(command: Command, what: string): Command {
  return command
    .addOption(
      new Option(
        '--store <folder>',
        `${what} the embedded ClickHouse in this folder; made where it is missing`,
      ).conflicts('url'),
    )
    .addOption(
      new Option(
        '--url <address>',
        `${what} a ClickHouse server, http://host:8123/database (default: ${URL_NAME})`,
      ).conflicts('store'),
    )
    .option(
      '--password-file <file>',
      `the server's password (default: ${PASSWORD_NAME}; the user is ${USER_NAME})`,
    );
}

/** What the flags and the environment name; undefined where neither does. Throws ToolError. */
export function storePlace(
  flags: StoreFlags,
  environment: Environment = process.env,
): StorePlace | undefined {
  if (flags.store !== undefined) return { kind: 'embedded', folder: flags.store };
  const fromFlag = flags.url !== undefined;
  const text = fromFlag ? flags.url : given(environment[URL_NAME]);
  if (text === undefined) {
    if (flags.passwordFile === undefined) return undefined;
    throw new ToolError('E_USAGE', '--password-file goes with a server; nothing was loaded', {
      hint: `give the server with --url or ${URL_NAME}`,
    });
  }
  const url = plainUrl(text, fromFlag ? '--url' : URL_NAME);
  const userInUrl = decodeURIComponent(url.username);
  url.username = '';
  return {
    kind: 'server',
    server: {
      url: url.href,
      user: userInUrl === '' ? given(environment[USER_NAME]) : userInUrl,
      password:
        flags.passwordFile === undefined
          ? given(environment[PASSWORD_NAME])
          : passwordIn(flags.passwordFile),
    },
  };
}

/** Messages name where the address came from, never the address: it may hold a secret. */
function plainUrl(text: string, name: string): URL {
  if (!URL.canParse(text)) {
    throw new ToolError('E_USAGE', `${name}: is not an address; nothing was loaded`, {
      hint: 'write it like http://host:8123/database',
    });
  }
  const url = new URL(text);
  if (url.password !== '' || url.searchParams.has('password')) {
    throw new ToolError(
      'E_USAGE',
      `${name}: holds a password, and every user of this host can read it in 'ps'; nothing was loaded`,
      { hint: INSTEAD },
    );
  }
  if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  throw new ToolError('E_USAGE', `${name}: is not an http or https address; nothing was loaded`);
}

function passwordIn(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw fileError(error, path, 'Nothing was loaded.');
  }
  const password = text.replace(/\r?\n$/, '');
  if (password !== '' && !password.includes('\n')) return password;
  throw new ToolError(
    'E_USAGE',
    `${path}: holds ${password === '' ? 'no password' : 'more than one line'}; nothing was loaded`,
    { hint: 'the file holds the password and nothing else' },
  );
}

function given(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
