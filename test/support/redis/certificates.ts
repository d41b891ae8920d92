import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** An authority of a test's own, and what it has signed for `localhost` and `127.0.0.1`; good for a client too. */
export interface Certificates {
  /** PEM of the authority. */
  readonly ca: string;
  /** PEM of the certificate. */
  readonly cert: string;
  /** PEM of the certificate's key. */
  readonly key: string;
  /** Where the same lie as files. */
  readonly files: { readonly ca: string; readonly cert: string; readonly key: string };
}

const OPENSSL_SETTINGS = `
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = CA:FALSE
subjectAltName = DNS:localhost, IP:127.0.0.1
authorityKeyIdentifier = keyid
`;
const DAYS = ['-days', '2'];

/** Makes them in that directory with `openssl`; rejects with what to install where it is missing. */
export async function makeCertificates(directory: string): Promise<Certificates> {
  const at = (name: string): string => join(directory, name);
  const files = { ca: at('ca.crt'), cert: at('server.crt'), key: at('server.key') };
  const settings = ['-config', at('openssl.cnf')];
  await writeFile(at('openssl.cnf'), OPENSSL_SETTINGS);
  await Promise.all([newKey(at('ca.key')), newKey(files.key)]);
  const authority = ['-key', at('ca.key'), '-subj', '/CN=Blossom test authority', '-extensions', 'authority'];
  await openssl('req', '-x509', '-new', ...settings, ...authority, ...DAYS, '-out', files.ca);
  const request = ['-key', files.key, '-subj', '/CN=localhost', '-out', at('server.csr')];
  await openssl('req', '-new', ...settings, ...request);
  const signature = ['-CA', files.ca, '-CAkey', at('ca.key'), '-set_serial', '1'];
  const extensions = ['-extfile', at('openssl.cnf'), '-extensions', 'server'];
  await openssl('x509', '-req', '-in', at('server.csr'), ...signature, ...extensions, ...DAYS, '-out', files.cert);
  const [ca, cert, key] = await Promise.all([files.ca, files.cert, files.key].map((file) => readFile(file, 'utf8')));
  return { ca: ca ?? '', cert: cert ?? '', key: key ?? '', files };
}

function newKey(file: string): Promise<void> {
  return openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', file);
}

async function openssl(...args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)('openssl', args);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error('The tests of TLS need openssl on PATH: Node signs no certificates. Install the package openssl', {
      cause: error,
    });
  }
}
