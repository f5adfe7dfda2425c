import * as fc from 'fast-check';
import { canonicalText, digestJson, digestText } from '../../src/core/digest.ts';
import { type JsonValue, parseJson } from '../../src/core/json.ts';

const double = (bits: string): number => Buffer.from(bits, 'hex').readDoubleBE();

describe('RFC 8785', () => {
  test('section 3.2.2: literals, numbers and strings', () => {
    const text = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`;
    expect(canonicalText(parseJson(text))).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  test('section 3.2.3: members in the order of their UTF-16 code units', () => {
    const text = String.raw`{
      "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"
    }`;
    const names = [...canonicalText(parseJson(text)).matchAll(/:"([^"]+)"/g)].map(([, name]) => name);
    expect(names).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  test.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('appendix B: the double %s is written %s', (bits, text) => {
    expect(canonicalText([double(bits)])).toBe(`[${text}]`);
  });

  test.each([
    ['NaN', Number.NaN],
    ['Infinity', Infinity],
    ['a lone surrogate', '\ud800'],
  ])('%s has no form', (_what, value) => {
    expect(() => canonicalText({ a: [value] })).toThrow(/is not allowed/);
  });
});

test('a value that JSON cannot hold is refused and not left out', () => {
  // @ts-expect-error -- what a caller without types could hand over
  expect(() => canonicalText(undefined)).toThrow(TypeError);
});

test('equal values have equal digests whatever the order of their members, and others have not', () => {
  const value = parseJson('{"b":[1,{"d":2,"c":"x"}],"a":null}');
  expect(digestJson(parseJson('{"a":null,"b":[1.0,{"c":"\\u0078","d":2e0}]}'))).toBe(digestJson(value));
  expect(digestJson(parseJson('{"a":null,"b":[{"c":"x","d":2},1]}'))).not.toBe(digestJson(value));
  expect(digestJson(parseJson('{"a":"","b":[1,{"c":"x","d":2}]}'))).not.toBe(digestJson(value));
});

test('the canonical form parses back to the value', () => {
  fc.assert(
    fc.property<[JsonValue]>(fc.json({ stringUnit: 'binary' }).map(parseJson), (value) => {
      const text = canonicalText(value);
      // Longer integers become text on purpose.
      fc.pre(!/\d{16}/.test(text));
      expect(canonicalText(parseJson(text))).toBe(text);
      // JSON has no minus zero.
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('digests are those of SHA-256 over UTF-8 (FIPS 180-4)', () => {
  expect(digestText('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(digestText('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(digestJson('é')).toBe(digestText('"\u00e9"'));
  expect(digestText('é')).toBe('4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c');
});
