// Counts what vitest's JSON report says and prints "N passed, N failed" alone on a line. A file that could not run, a
// missing report and failed static checks each count as one failure.
//   node scripts/count-tests.mjs REPORT CHECKS_STATUS
import { readFileSync } from "node:fs";

const [report, checksStatus] = process.argv.slice(2);

function readReport() {
  try {
    return JSON.parse(readFileSync(report, "utf8"));
  } catch {
    console.log("no test ran: there is no report");
    return { numPassedTests: 0, numFailedTests: 1, testResults: [] };
  }
}

const { numPassedTests, numFailedTests, testResults } = readReport();
const broken = testResults.filter(
  ({ status, assertionResults }) =>
    status === "failed" && !assertionResults.some((one) => one.status === "failed"),
);
for (const { name } of broken) console.log(`could not run: ${name}`);
const checks = checksStatus === "0" ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
console.log(
  `${numPassedTests + checks.passed} passed, ${numFailedTests + broken.length + checks.failed} failed`,
);
