// `npm run test:slurm`: the tests of sites on a real Slurm and a real sshd, on loopback. They need root and Debian's slurm-wlm, munge,
// openssh-server and rsync, and take some minutes; `npm test` leaves them out.
process.env.FLIPGUARD_TEST_SLURM = '1';
process.argv.splice(2, process.argv.length, 'test/slurm');
await import('./test.mjs');
