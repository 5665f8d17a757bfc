package io.lb4j.faults;

import static io.lb4j.faults.Evidence.between;
import static io.lb4j.faults.Evidence.percentile;
import static io.lb4j.faults.Fault.BEGIN_MILLIS;

import io.lb4j.ServiceInstance;
import io.lb4j.faults.Fault.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Every fault of the suite, with what it must not do to a caller. */
final class Faults {
    /** Those whose requirement is held reliably; one that isn't any more fails the run. */
    static final Set<String> GATES = Set.of("kill-1", "kill-3", "kill-5");

    private static final String NO_LOSS = "0 failed idempotent calls; no POST processed twice";
    private static final String BLACK_HOLE = "ejected in ≤ 2 s; overall success ≥ 99.9 %";
    private static final String CLASSIFIED = "classified right, retried only where safe";
    private static final String DISCOVERY = "success ≥ 99.9 %";
    private static final String SUCCESS = "no mass ejection; success ≥ 99.9 %";
    private static final int HEALTHY_MILLIS = 10;

    private Faults() {}

    static List<Fault> all() {
        List<Fault> all = new ArrayList<>();
        all.add(kill(1));
        all.add(kill(3));
        all.add(kill(5));
        all.add(rolling("rolling-graceful", Fleet::quit).on(Fleet.Kind.HAPROXY));
        all.add(rolling("rolling-kill", Fleet::kill));
        all.add(rolling("http2-goaway", Fleet::quit).on(Fleet.Kind.HAPROXY_HTTP2));
        all.add(blackHole("sigstop", false, rig -> rig.fleet.signal(0, "STOP")));
        all.add(blackHole("drop", true, rig -> Network.drop(Fleet.address(0))));
        all.add(slow());
        all.add(magnet());
        all.add(noise());
        for (String each : List.of("rst", "half-close", "garbage")) {
            all.add(broken(each));
        }
        all.add(wrongCertificate());
        all.add(loss("loss-one", 1));
        all.add(loss("loss-all", Fleet.SIZE));
        all.add(allDown());
        all.add(flaps());
        all.add(new Fault("discovery-empty", DISCOVERY, false)
                .begin(rig -> rig.clients.list(List.of()))
                .judged(evidence -> evidence.success(0.999)));
        all.add(poisoned());
        all.add(Overload.fault());
        return all;
    }

    private static Fault kill(int count) {
        return new Fault("kill-" + count, NO_LOSS, false)
                .begin(rig -> {
                    for (int i = 0; i < count; i++) {
                        rig.fleet.kill(i);
                    }
                })
                .judged(Faults::nothingLost);
    }

    /** A fault that the plain client didn't notice was none, and proves nothing. */
    private static Verdict nothingLost(Evidence evidence) {
        return Evidence.failures(evidence.plain()) > 0
                ? evidence.noIdempotentLost()
                : new Verdict(false, "the plain client noticed nothing: no fault was made");
    }

    private interface End {
        void end(Fleet fleet, int i) throws Exception;
    }

    private static Fault rolling(String name, End end) {
        Fault fault = new Fault(name, NO_LOSS, false).lasting(13_000).judged(Faults::nothingLost);
        for (int i = 0; i < Fleet.SIZE; i++) {
            int server = i;
            fault.at(BEGIN_MILLIS + 900L * i, rig -> end.end(rig.fleet, server));
            fault.at(BEGIN_MILLIS + 900L * i + 400, rig -> rig.fleet.start(server));
        }
        return fault;
    }

    private static Fault blackHole(String name, boolean network, Fault.Action action) {
        return new Fault(name, BLACK_HOLE, network)
                .lasting(12_000)
                .begin(action)
                .judged(evidence -> {
                    long after = evidence.ejectedAfterMillis(Fleet.name(0));
                    String ejected = after == Long.MAX_VALUE ? "never ejected" : "ejected after " + after + " ms";
                    Verdict success = evidence.success(0.999);
                    return new Verdict(success.held() && after <= 2000, ejected + ", " + success.why());
                });
    }

    private static Fault slow() {
        return new Fault("slow-100x", "p99 ≤ 1.5× healthy", false)
                .on(Fleet.Kind.FAULTY)
                .at(0, rig -> everywhere(rig, "delay " + HEALTHY_MILLIS))
                .begin(rig -> rig.fleet.command(0, "delay " + 100 * HEALTHY_MILLIS))
                .judged(evidence -> {
                    double healthy = percentile(evidence.balanced(), 99, between(500, BEGIN_MILLIS - 100));
                    double now = percentile(evidence.balanced(), 99, between(BEGIN_MILLIS, Long.MAX_VALUE));
                    return new Verdict(
                            now <= 1.5 * healthy,
                            String.format(Locale.ROOT, "p99 %.1f ms, healthy %.1f ms", now, healthy));
                });
    }

    private static Fault magnet() {
        return new Fault("magnet", "its share < 1 % in 2 s", false)
                .on(Fleet.Kind.FAULTY)
                .at(0, rig -> everywhere(rig, "delay " + HEALTHY_MILLIS))
                .begin(rig -> rig.fleet.command(0, "error 100"))
                .judged(evidence -> {
                    double share = evidence.share(Fleet.name(0), BEGIN_MILLIS + 2000);
                    return new Verdict(
                            share < 0.01, String.format(Locale.ROOT, "share %.2f %% from 2 s on", 100 * share));
                });
    }

    private static Fault noise() {
        return new Fault("noise", "nobody wrongly ejected by uniform noise", false)
                .on(Fleet.Kind.FAULTY)
                .begin(rig -> everywhere(rig, "error 10"))
                .judged(evidence -> new Verdict(
                        evidence.ejectedAt().isEmpty(),
                        evidence.ejectedAt().size() + " ejected, success "
                                + String.format(Locale.ROOT, "%.2f %%", 100 * evidence.success())));
    }

    private static void everywhere(Rig rig, String command) throws Exception {
        for (int i = 0; i < Fleet.SIZE; i++) {
            rig.fleet.command(i, command);
        }
    }

    /** One instance breaks its answers; a POST it processed must not go elsewhere, and it must be noticed. */
    private static Fault broken(String mode) {
        return new Fault(mode, CLASSIFIED, false)
                .on(Fleet.Kind.FAULTY)
                .begin(rig -> rig.fleet.command(0, mode))
                .judged(evidence -> {
                    long repeated = evidence.repeatedPosts();
                    boolean ejected = evidence.ejectedAt().keySet().equals(Set.of(Fleet.name(0)));
                    return new Verdict(
                            repeated == 0 && ejected,
                            repeated + " POSTs processed twice, ejected: "
                                    + evidence.ejectedAt().keySet());
                });
    }

    /** Nothing was sent to a server that can't say who it is, so that even POSTs go elsewhere. */
    private static Fault wrongCertificate() {
        return new Fault("wrong-certificate", CLASSIFIED, false)
                .on(Fleet.Kind.NGINX_TLS)
                .begin(rig -> rig.fleet.impersonate(0))
                .judged(evidence -> {
                    Verdict lossless = evidence.noIdempotentLost();
                    boolean ejected = evidence.ejectedAt().keySet().equals(Set.of(Fleet.name(0)));
                    return new Verdict(
                            lossless.held() && ejected,
                            lossless.why() + ", ejected: "
                                    + evidence.ejectedAt().keySet());
                });
    }

    private static Fault loss(String name, int count) {
        return new Fault(name, SUCCESS, true)
                .begin(rig -> {
                    for (int i = 0; i < count; i++) {
                        Network.lose(Fleet.address(i), 5);
                    }
                })
                .judged(evidence -> {
                    int ejected = evidence.ejectedAt().size();
                    Verdict success = evidence.success(0.999);
                    return new Verdict(success.held() && ejected <= 1, ejected + " ejected, " + success.why());
                });
    }

    private static Fault allDown() {
        long up = BEGIN_MILLIS + 10_000;
        return new Fault(
                        "all-down",
                        "fail fast ≤ 5 ms per call while down, recovered ≤ 2 s after; retries add ≤ 20 % load",
                        false)
                .lasting(up + 5000)
                .begin(rig -> {
                    for (int i = 0; i < Fleet.SIZE; i++) {
                        rig.fleet.kill(i);
                    }
                })
                .at(up, rig -> {
                    for (int i = 0; i < Fleet.SIZE; i++) {
                        rig.fleet.start(i);
                    }
                })
                .judged(evidence -> {
                    double down = percentile(evidence.balanced(), 99, between(BEGIN_MILLIS + 200, up));
                    long late = evidence.balanced().stream()
                            .filter(between(up + 2000, Long.MAX_VALUE))
                            .filter(Sample::failed)
                            .count();
                    return new Verdict(
                            down <= 5 && late == 0 && evidence.extraLoad() <= 0.2,
                            String.format(
                                    Locale.ROOT,
                                    "p99 %.1f ms while down, %d failures from 2 s after on, extra load %.1f %% of all",
                                    down,
                                    late,
                                    100 * evidence.extraLoad()));
                });
    }

    /** All but one of the instances, another one missing every time. */
    private static Fault flaps() {
        Fault fault = new Fault("discovery-flaps", DISCOVERY, false).judged(evidence -> evidence.success(0.999));
        for (int i = 0; i < 60; i++) {
            int missing = i % Fleet.SIZE;
            fault.at(BEGIN_MILLIS + 100L * i, rig -> {
                List<ServiceInstance> some = new ArrayList<>(rig.clients.fleet());
                some.remove(missing);
                rig.clients.list(some);
            });
        }
        return fault;
    }

    /** As many dead addresses as live ones. */
    private static Fault poisoned() {
        return new Fault("discovery-poisoned", DISCOVERY, false)
                .begin(rig -> {
                    List<ServiceInstance> some = new ArrayList<>(rig.clients.fleet());
                    for (int i = 0; i < Fleet.SIZE; i++) {
                        some.add(rig.clients.instance("dead" + i, "127.0.1." + (i + 1)));
                    }
                    rig.clients.list(some);
                })
                .judged(evidence -> evidence.success(0.999));
    }
}
