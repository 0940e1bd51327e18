const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For text and for attribute values, of HTML and of XML; characters that XML 1.0 has not are left out. */
export function escape(text: string): string {
  return (
    text
      // oxlint-disable-next-line no-control-regex -- these are the characters to leave out
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
      .replace(/[&<>"']/g, (character) => ENTITIES[character]!)
  );
}
