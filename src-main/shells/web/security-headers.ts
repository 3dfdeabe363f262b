import { contentSecurityPolicy } from '../content-security-policy.ts';

/** On every answer. The page may talk to its own origin and to nothing else. */
export function securityHeaders(host: string): Record<string, string> {
  return {
    // Some browsers do not count WebSockets of the same origin as 'self'.
    'Content-Security-Policy': contentSecurityPolicy(`'self' ws://${host}`),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
  };
}
