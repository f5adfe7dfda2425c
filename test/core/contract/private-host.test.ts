import { isPrivateAddress, isPrivateHost } from '../../../src/core/contract/private-host.ts';

const isPrivate = (url: string): boolean => isPrivateHost(new URL(url).hostname);

test.each([
  'http://localhost',
  'http://LOCALHOST.',
  'http://app.localhost',
  'http://erp',
  'http://printer.local',
  'http://db.internal',
  'http://nas.lan',
  'http://nas.home.arpa',
  'http://0.0.0.0',
  'http://10.255.255.255',
  'http://100.64.0.1',
  'http://100.127.255.255',
  'http://127.0.0.1',
  'http://127.1',
  'http://0x7f000001',
  'http://2130706433',
  'http://0177.0.0.1',
  'http://169.254.169.254',
  'http://172.16.0.1',
  'http://172.31.255.255',
  'http://192.168.1.1',
  'http://198.18.0.1',
  'http://198.19.255.255',
  'http://224.0.0.1',
  'http://239.255.255.255',
  'http://240.0.0.1',
  'http://255.255.255.255',
  'http://[::]',
  'http://[::1]',
  'http://[0:0:0:0:0:0:0:1]',
  'http://[::ffff:127.0.0.1]',
  'http://[::ffff:8.8.8.8]',
  'http://[::127.0.0.1]',
  'http://[64:ff9b::7f00:1]',
  'http://[fc00::1]',
  'http://[fd12:3456::1]',
  'http://[fe80::1]',
  'http://[febf::1]',
  'http://[ff02::1]',
  'http://[fec0::1]',
  'http://[2002:a00:1::1]',
  'http://[2001::1]',
  'http://192.0.0.192',
])('%s is private', (url) => {
  expect(isPrivate(url)).toBe(true);
});

test.each([
  'https://api.example.com',
  'https://localhost.example.com',
  'https://10.example.com',
  'https://internal.example.com',
  'https://8.8.8.8',
  'https://11.0.0.1',
  'https://100.63.255.255',
  'https://100.128.0.1',
  'https://126.255.255.255',
  'https://128.0.0.1',
  'https://169.253.0.1',
  'https://172.15.255.255',
  'https://172.32.0.1',
  'https://192.167.1.1',
  'https://192.169.1.1',
  'https://198.17.255.255',
  'https://198.20.0.1',
  'https://223.255.255.255',
  'https://[2001:4860:4860::8888]',
  'https://[fbff::1]',
  'https://[fe00::1]',
])('%s is public', (url) => {
  expect(isPrivate(url)).toBe(false);
});

test.each(['127.0.0.1', '10.1.2.3', '169.254.169.254', '100.100.100.200', '::1', 'fd00:ec2::254', 'fe80::1%eth0'])(
  'the address %s is private',
  (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  },
);

test.each(['::ffff:10.0.0.1', 'FE80::1', '0:0:0:0:0:0:0:1', 'db.internal', ''])(
  'the address %p is private, however it is written',
  (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  },
);

test.each(['8.8.8.8', '2001:4860:4860::8888', '2606:4700::1111'])('the address %s is public', (address) => {
  expect(isPrivateAddress(address)).toBe(false);
});
