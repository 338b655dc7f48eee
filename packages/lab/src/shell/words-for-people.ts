/** How the shell writes addresses, sizes and protections, and how it reads protections. */
import { PROT_EXEC, PROT_READ, PROT_WRITE } from '@freehold/kernel';

export function hex(address: number): string {
  return `0x${address.toString(16)}`;
}

/** Every protection that mmap and mprotect take. */
export const PROTECTIONS = ['none', 'r', 'w', 'x', 'rw', 'rx', 'wx', 'rwx'] as const;

export function protectionOf(text: (typeof PROTECTIONS)[number]): number {
  if (text === 'none') return 0;
  return (
    (text.includes('r') ? PROT_READ : 0) |
    (text.includes('w') ? PROT_WRITE : 0) |
    (text.includes('x') ? PROT_EXEC : 0)
  );
}

/** Bytes as hexadecimal digits and as text, sixteen a line, with their addresses. */
export function hexDump(address: number, bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const part = [...bytes.subarray(at, at + 16)];
    const digits = part.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = part.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${hex(address + at)}  ${digits.padEnd(47)} ${text}`);
  }
  return lines.join('\n');
}
