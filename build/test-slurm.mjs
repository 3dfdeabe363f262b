// `npm run test:slurm`: the tests of sites on a real Slurm and a real sshd, on loopback. They need root and Debian's slurm-wlm, munge,
// openssh-server and rsync, and take about six minutes; with `-- --short` those that wait for a time limit are left out. `npm test`
// leaves all of them out.
process.env.FLIPGUARD_TEST_SLURM = process.argv.includes('--short') ? 'short' : 'all';
process.argv.splice(2, process.argv.length, 'test/slurm');
await import('./test.mjs');
