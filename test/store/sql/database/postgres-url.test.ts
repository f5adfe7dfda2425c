import { readPostgresUrl } from '../../../../src/store/sql/database/postgres-url.ts';

test.each([
  ['postgres://u:p@127.0.0.1/d', false],
  ['postgres://u:p@localhost:6543/d', false],
  ['postgres://u:p@[::1]/d', false],
  ['postgresql:///d?host=/var/run/postgresql', false],
  ['postgres://u:p@db.example.com/d?sslmode=disable', false],
  ['postgres://u:p@db.example.com/d', { rejectUnauthorized: true }],
  ['postgres://u:p@127.0.0.1/d?sslmode=require', { rejectUnauthorized: true }],
  ['postgres://u:p@db.example.com/d?sslmode=verify-full', { rejectUnauthorized: true }],
  ['postgres://u:p@db.example.com/d?sslmode=no-verify', { rejectUnauthorized: false }],
] as const)('%s is reached with the right TLS', (url, tls) => {
  expect(readPostgresUrl(url).tls).toEqual(tls);
});

test.each(['prefer', 'allow', 'Disable'])('sslmode "%s" is refused, for it may fall back to plain text', (mode) => {
  expect(() => readPostgresUrl(`postgres://u:p@db.example.com/d?sslmode=${mode}`)).toThrow(
    `Cannot use sslmode "${mode}"`,
  );
});

test('other parameters of the URL reach pg, those of TLS do not', () => {
  const { connectionString } = readPostgresUrl('postgres://u:p@db/d?sslmode=disable&application_name=other');
  expect(connectionString).toBe('postgres://u:p@db/d?application_name=other');
});

test.each(['', 'store', 'mysql://u:hunter2@db/d', 'postgres://u:hunter2@:port/d'])(
  '"%s" is refused without quoting it',
  (url) => {
    expect(() => readPostgresUrl(url)).toThrow(
      /^Cannot read DATABASE_URL: expected postgres:\/\/user:password@host:port\/database/,
    );
  },
);

test('the label of an address has everything but the password', () => {
  expect(readPostgresUrl('postgres://app:hunter2@db.example.com:6543/store').label).toBe(
    'database "store" at db.example.com:6543 as user "app"',
  );
});

test('an authority file that cannot be read is named', () => {
  expect(() => readPostgresUrl('postgres://u:p@db/d?sslrootcert=/nowhere/ca.pem')).toThrow(
    'Cannot read the file "/nowhere/ca.pem"',
  );
});
