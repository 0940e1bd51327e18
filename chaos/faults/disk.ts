import type { Fault } from './fault.ts';

export const DISK_FAULTS: readonly Fault[] = [
  {
    name: "fill the disk of PostgreSQL's data",
    weight: 2,
    begin({ disk }) {
      if (!disk) return 'skipped';
      disk.fill();
      return { what: "the disk of PostgreSQL's data is full", end: () => disk.free() };
    },
  },
];
