import { createCipheriv, createHash, createHmac } from 'node:crypto';
import { gzipSync } from 'node:zlib';

/**
 * Seals a bundle that is too large to travel inline, the way core opens it: JSON, gzip, base64, then a Fernet
 * token whose key is the SHA-256 of the one-time secret.
 *
 * @param initialVector 16 bytes
 * Source: zapier-platform-core 19.1.0, src/tools/bundle-encryption.js; Fernet spec, github.com/fernet/spec.
 */
export const sealBundle = (bundle: unknown, secret: string, initialVector: Buffer): string => {
  const key = createHash('sha256').update(secret).digest();
  const cipher = createCipheriv('aes-128-cbc', key.subarray(16, 32), initialVector);
  const content = gzipSync(JSON.stringify(bundle)).toString('base64');
  const timestamp = Buffer.alloc(8);
  const signed = Buffer.concat([fernetVersion, timestamp, initialVector, cipher.update(content), cipher.final()]);
  const signature = createHmac('sha256', key.subarray(0, 16)).update(signed).digest();
  return Buffer.concat([signed, signature]).toString('base64url');
};

const fernetVersion = Buffer.from([0x80]);
