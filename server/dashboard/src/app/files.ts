/** Files that the browser saves. */
export function saveFile(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The browser has taken hold of the file once the click is done.
  window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
