/** The three sizes of request that everything is measured with. */

export interface Size {
  readonly documents: number;
  /** UTF-8 bytes of one document. */
  readonly bytes: number;
}

export const SIZES: readonly Size[] = [
  { documents: 4, bytes: 100 },
  { documents: 100, bytes: 500 },
  { documents: 1000, bytes: 2048 },
];

export const nameOf = ({ documents, bytes }: Size): string =>
  `${documents} × ${bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KB`}`;
