type Element = { readonly group: number; readonly element: number; readonly type: string; readonly value: Buffer };

/** Types whose length takes four bytes, behind two that are reserved. */
const LONG = new Set(['OB']);

const encode = ({ group, element, type, value }: Element): Buffer => {
  const head = Buffer.alloc(LONG.has(type) ? 12 : 8);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(element, 2);
  head.write(type, 4, 'ascii');
  if (LONG.has(type)) head.writeUInt32LE(value.length, 8);
  else head.writeUInt16LE(value.length, 6);
  return Buffer.concat([head, value]);
};

/** Values have an even length: identifiers are filled up with a NUL, other text with a space. */
const text = (group: number, element: number, type: string, value: string): Element => {
  const filled = value.length % 2 === 0 ? value : value + (type === 'UI' ? '\0' : ' ');
  return { group, element, type, value: Buffer.from(filled, 'ascii') };
};

const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';
const EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';
/** A root for identifiers that nobody registered. */
const ROOT = '2.25.7';

/**
 * A DICOM file without an image: one instance of the only series of the only study of one patient.
 *
 * Source: DICOM PS3.10, section 7.1 (file meta information), and PS3.5, section 7.1 (elements).
 *
 * @param number   names the instance
 * @param comments what it says, in ASCII
 */
export const dicomFile = (number: number, comments: string): Buffer => {
  const instance = `${ROOT}.4.${number}`;
  const meta = Buffer.concat(
    [
      { group: 2, element: 1, type: 'OB', value: Buffer.from([0, 1]) },
      text(2, 2, 'UI', SECONDARY_CAPTURE),
      text(2, 3, 'UI', instance),
      text(2, 0x10, 'UI', EXPLICIT_LITTLE_ENDIAN),
    ].map(encode),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(meta.length);
  const body = [
    text(8, 0x16, 'UI', SECONDARY_CAPTURE),
    text(8, 0x18, 'UI', instance),
    text(0x10, 0x10, 'PN', 'Test^Patient'),
    text(0x10, 0x20, 'LO', 'PATIENT-1'),
    text(0x20, 0x0d, 'UI', `${ROOT}.1`),
    text(0x20, 0x0e, 'UI', `${ROOT}.2`),
    text(0x20, 0x4000, 'LT', comments),
  ];
  const first = encode({ group: 2, element: 0, type: 'UL', value: length });
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), first, meta, ...body.map(encode)]);
};
