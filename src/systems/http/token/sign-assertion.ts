import { createPrivateKey, randomUUID } from 'node:crypto';

/** Short, because an assertion is sent at once: servers allow 3 to 5 minutes, and a clock may be off by one. */
const LIFE_SECONDS = 120;
/** A server whose clock is a little behind must not take the assertion for one from the future. */
const ISSUED_BEFORE_SECONDS = 30;

export type Assertion = {
  readonly issuer: string;
  readonly subject: string | undefined;
  readonly audience: string;
  readonly scope: string | undefined;
  /** PEM (PKCS #8, PKCS #1 or SEC 1), its line breaks also written as \n, as environment variables carry them. */
  readonly key: string;
  readonly keyId: string | undefined;
  readonly algorithm: string;
};

/**
 * Signs who we are: a JWT that is good once and for two minutes.
 *
 * @returns undefined when the key cannot be read or is none for the algorithm; what the libraries say of it is dropped,
 *   for it may quote the key
 * Source: RFC 7523 sections 2 and 3.
 */
export const signAssertion = async (assertion: Assertion, nowMs: number): Promise<string | undefined> => {
  const { issuer, subject, audience, scope, key, keyId, algorithm } = assertion;
  const nowSeconds = Math.floor(nowMs / 1000);
  // Loaded with the first assertion: most systems need none, and every cold start would pay for it.
  const { SignJWT } = await import('jose/jwt/sign');
  try {
    return await new SignJWT({
      iss: issuer,
      ...(subject === undefined ? {} : { sub: subject }),
      aud: audience,
      ...(scope === undefined ? {} : { scope }),
      jti: randomUUID(),
      iat: nowSeconds - ISSUED_BEFORE_SECONDS,
      exp: nowSeconds + LIFE_SECONDS,
    })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) })
      .sign(createPrivateKey(key.replaceAll(/\\r|\\n/g, '\n')));
  } catch {
    // Either of the two steps: both mean that this is not the key that the contract says it is.
    return undefined;
  }
};
