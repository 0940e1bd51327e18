import { createHash } from 'node:crypto';
import type { RequestHandler } from 'express';
import helmet from 'helmet';
import { STYLE } from './views/page.ts';

const TWO_YEARS_S = 2 * 365 * 24 * 3600;

/** Our pages need one stylesheet, which is known by its hash, and forms to ourselves: no script, no picture, no frame. */
const DIRECTIVES = {
  'default-src': ["'none'"],
  'style-src': [`'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`],
  'form-action': ["'self'"],
  'base-uri': ["'none'"],
  'frame-ancestors': ["'none'"],
};

/** What a page of ours may never ask a browser for. */
const FEATURES = [
  'accelerometer',
  'browsing-topics',
  'camera',
  'clipboard-read',
  'display-capture',
  'fullscreen',
  'geolocation',
  'gyroscope',
  'hid',
  'identity-credentials-get',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'publickey-credentials-get',
  'screen-wake-lock',
  'serial',
  'usb',
  'xr-spatial-tracking',
];
const PERMISSIONS = FEATURES.map((feature) => `${feature}=()`).join(', ');

/**
 * The headers of every answer.
 * @param publicUrl where browsers find us: only over TLS may they be told to stay with it
 */
export function securityHeaders(publicUrl: string): RequestHandler[] {
  const isSecure = publicUrl.startsWith('https:');
  return [
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: DIRECTIVES },
      crossOriginResourcePolicy: { policy: 'same-origin' },
      strictTransportSecurity: isSecure ? { maxAge: TWO_YEARS_S, includeSubDomains: false } : false,
      // With `no-referrer` browsers say `Origin: null` of a form, even to its own site.
      referrerPolicy: { policy: 'same-origin' },
      xFrameOptions: { action: 'deny' },
    }),
    (_req, res, next) => {
      res.set('Permissions-Policy', PERMISSIONS);
      next();
    },
  ];
}
