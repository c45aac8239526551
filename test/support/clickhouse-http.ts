// A ClickHouse HTTP endpoint for tests: speaks the part of the protocol that the client uses, and answers
// with the real engine (chdb) in this process. Everything between the store and the wire is the product's.

import { createServer, type IncomingMessage, type Server } from 'node:http';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Session } from 'chdb';

export interface FakeServer {
  readonly url: string;
  /** Statements in the order they came, without their data. */
  readonly statements: readonly string[];
  close(): Promise<void>;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** Who may use the endpoint; it repeats what it was sent to whoever may not. */
interface Credentials {
  readonly user: string;
  readonly password: string;
}

export async function clickhouseHttp(credentials?: Credentials): Promise<FakeServer> {
  const session = new Session();
  const statements: string[] = [];
  const run = (sql: string, parameters: Record<string, string>): string =>
    String(session.queryBind(sql, parameters, 'CSV') ?? '');
  const server = createServer((request, response) => {
    void (async () => {
      if (!allowed(request, credentials)) {
        const sent = Buffer.from(request.headers.authorization?.slice(6) ?? '', 'base64');
        const text = `Code: 516. refused ${request.headers.authorization ?? 'nobody'} (${sent.toString()})`;
        response.writeHead(401).end(text);
        return;
      }
      const url = new URL(request.url ?? '/', 'http://localhost');
      const body = await bodyOf(request);
      const inUrl = url.searchParams.get('query');
      const sql = inUrl ?? body.toString();
      statements.push(sql);
      const parameters: Record<string, string> = {};
      for (const [name, value] of url.searchParams) {
        if (name.startsWith('param_')) parameters[name.slice(6)] = value;
      }
      const spool = join(tmpdir(), `iotlb-http-${process.pid}-${statements.length}`);
      try {
        let text = sql;
        if (inUrl !== null && body.length > 0) {
          writeFileSync(spool, body);
          text = withData(sql, spool);
        }
        const settings = ' SETTINGS output_format_json_quote_64bit_integers = 0';
        const answer = / FORMAT JSONEachRow\s*$/.test(text)
          ? String(
              session.queryBind(
                text.replace(/\s+FORMAT JSONEachRow\s*$/, settings),
                parameters,
                'JSONEachRow',
              ) ?? '',
            )
          : run(text, parameters);
        response.writeHead(200, { 'content-type': 'text/plain' }).end(answer);
      } catch (error) {
        response
          .writeHead(500, { 'x-clickhouse-exception-code': '1' })
          .end(`Code: 1. ${String(error)}`);
      } finally {
        rmSync(spool, { force: true });
      }
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    statements,
    close: () => closed(server, session),
  };
}

function allowed(request: IncomingMessage, credentials: Credentials | undefined): boolean {
  if (credentials === undefined) return true;
  const both = Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64');
  return request.headers.authorization === `Basic ${both}`;
}

/** The data that came with an INSERT, read from where it was put. */
function withData(sql: string, path: string): string {
  const arrow = /input\('([^']*)'\)([\s\S]*?)\s+FORMAT Arrow\s*$/.exec(sql);
  if (arrow !== null) return `${sql.slice(0, arrow.index)}file('${path}', 'Arrow')${arrow[2]}`;
  if (/FORMAT JSONEachRow\s*$/.test(sql)) return `${sql.trim()}\n${readFileSync(path, 'utf8')}`;
  throw new Error(`data came with a statement that takes none: ${sql}`);
}

async function closed(server: Server, session: Session): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  session.close();
}
