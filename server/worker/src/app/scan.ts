/** Codes that the camera sees. The decoder is loaded when somebody scans. */
import { t } from '@/messages';

export interface Scanning {
  stop(): void;
}

export type NoCamera = 'denied' | 'none';

async function reader() {
  const [{ BarcodeDetector, prepareZXingModule }, { default: wasm }] = await Promise.all([
    import('barcode-detector/ponyfill'),
    import('zxing-wasm/reader/zxing_reader.wasm?url'),
  ]);
  // From this server, as everything else: the decoder would ask a public one.
  prepareZXingModule({
    overrides: { locateFile: (path: string, prefix: string) => (path.endsWith('.wasm') ? wasm : prefix + path) },
  });
  return new BarcodeDetector({ formats: ['qr_code'] });
}

/** Shows what the camera sees, and tells every text in it, until stopped. */
export async function scan(video: HTMLVideoElement, seen: (text: string) => void): Promise<Scanning | NoCamera> {
  const { mediaDevices } = navigator as Partial<Navigator>;
  if (!mediaDevices) return 'none';
  let stream: MediaStream;
  try {
    stream = await mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
  } catch (error) {
    return error instanceof DOMException && error.name === 'NotAllowedError' ? 'denied' : 'none';
  }
  let over = false;
  const stop = () => {
    over = true;
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
  video.srcObject = stream;
  video.setAttribute('aria-label', t('scan.camera'));
  const [detector] = await Promise.all([reader(), video.play()]);
  const look = async (): Promise<void> => {
    if (over) return;
    if (video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) {
      const found = await detector.detect(video).catch(() => []);
      for (const { rawValue } of found) seen(rawValue);
    }
    requestAnimationFrame(() => void look());
  };
  void look();
  return { stop };
}
