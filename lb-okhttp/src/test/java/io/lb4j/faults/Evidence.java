package io.lb4j.faults;

import io.lb4j.faults.Fault.Verdict;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * What was measured while one fault ran.
 *
 * @param served of all servers, both clients' calls
 * @param attempts that the balanced client made
 * @param failed those of them that failed without an answer
 * @param plainAttempts that the plain client made
 * @param ejectedAt first ejections, by {@link System#nanoTime()}
 * @param origin of the measured calls' times
 * @param epochMillis the same moment by the clock of the servers' logs
 */
record Evidence(
        List<Sample> balanced,
        List<Sample> plain,
        List<Served> served,
        List<Attempted> attempts,
        List<Waited> failed,
        List<Attempted> plainAttempts,
        Map<String, Long> ejectedAt,
        long origin,
        long epochMillis) {

    static long failures(List<Sample> samples) {
        return samples.stream().filter(Sample::failed).count();
    }

    /** Of idempotent calls only. */
    long failedGets() {
        return balanced.stream().filter(s -> s.failed() && s.idempotent()).count();
    }

    double success() {
        return 1 - (double) failures(balanced) / balanced.size();
    }

    /** A percentile of the latency of calls due in a stretch of time, in milliseconds. */
    static double percentile(List<Sample> samples, double percent, Predicate<Sample> which) {
        List<Long> sorted = new ArrayList<>();
        samples.stream().filter(which).forEach(each -> sorted.add(each.latencyNanos()));
        sorted.sort(null);
        if (sorted.isEmpty()) {
            return 0;
        }
        int index = (int) Math.ceil(percent / 100 * sorted.size()) - 1;
        return sorted.get(Math.max(0, index)) / 1e6;
    }

    static Predicate<Sample> between(long fromMillis, long toMillis) {
        return each -> each.atMillis() >= fromMillis && each.atMillis() < toMillis;
    }

    /** Measured POSTs of the balanced client that the servers' logs show more than once. */
    long repeatedPosts() {
        Set<String> seen = new HashSet<>();
        return served.stream()
                .filter(each -> each.method().equals("POST") && each.id().startsWith("lb-"))
                .filter(each -> !seen.add(each.id()))
                .count();
    }

    ExtraLoad extraLoad() {
        return ExtraLoad.of(balanced, attempts, origin);
    }

    ExtraLoad plainExtraLoad() {
        return ExtraLoad.of(plain, plainAttempts, origin);
    }

    /** Attempts of the balanced client that were begun on a server in a stretch of time. */
    long attemptsOn(String server, long fromMillis, long toMillis) {
        return attempts.stream()
                .filter(each -> each.server().equals(server))
                .mapToLong(each -> TimeUnit.NANOSECONDS.toMillis(each.atNanos() - origin))
                .filter(at -> at >= fromMillis && at < toMillis)
                .count();
    }

    /** Attempts on a server that lasted so long and failed, by connection; 0 are those that got none. */
    Map<Integer, Long> waited(String server, long leastMillis) {
        Map<Integer, Long> counts = new TreeMap<>();
        failed.stream()
                .filter(each -> each.server().equals(server))
                .filter(each -> TimeUnit.NANOSECONDS.toMillis(each.nanos()) >= leastMillis)
                .forEach(each -> counts.merge(each.connection(), 1L, Long::sum));
        return counts;
    }

    /** Whether the calls from the fault's begin on are no slower than half as much again as those before it. */
    Verdict noSlower() {
        double healthy = percentile(balanced, 99, between(500, Fault.BEGIN_MILLIS - 100));
        double now = percentile(balanced, 99, between(Fault.BEGIN_MILLIS, Long.MAX_VALUE));
        return new Verdict(
                now <= 1.5 * healthy, String.format(Locale.ROOT, "p99 %.1f ms, healthy %.1f ms", now, healthy));
    }

    /** What share of the balanced client's requests a server processed, from a moment on. */
    double share(String server, long fromMillis) {
        List<Served> later = served.stream()
                .filter(each -> each.id().startsWith("lb-") && each.epochMillis() >= epochMillis + fromMillis)
                .toList();
        long mine = later.stream().filter(each -> each.server().equals(server)).count();
        return later.isEmpty() ? 0 : (double) mine / later.size();
    }

    /** How long after the fault's begin an instance was ejected; more than any bound if it wasn't. */
    long ejectedAfterMillis(String server) {
        Long at = ejectedAt.get(server);
        return at == null ? Long.MAX_VALUE : TimeUnit.NANOSECONDS.toMillis(at - origin) - Fault.BEGIN_MILLIS;
    }

    Verdict noIdempotentLost() {
        return new Verdict(
                failedGets() == 0 && repeatedPosts() == 0,
                failedGets() + " failed idempotent calls, " + repeatedPosts() + " POSTs processed twice");
    }

    Verdict success(double least) {
        return new Verdict(success() >= least, String.format(Locale.ROOT, "success %.3f %%", 100 * success()));
    }
}
