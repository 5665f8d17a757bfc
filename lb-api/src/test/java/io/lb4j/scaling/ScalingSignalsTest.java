package io.lb4j.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.Lease;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.health.CallQueue;
import io.lb4j.health.ConcurrencyLimit;
import io.lb4j.testing.ManualDiscovery;
import io.lb4j.testing.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ScalingSignalsTest {
    private static final Duration INTERVAL = Duration.ofSeconds(10);

    private final VirtualTime time = new VirtualTime();
    private final ManualDiscovery discovery = new ManualDiscovery();
    private final List<String> events = new ArrayList<>();
    private final List<AutoCloseable> open = new ArrayList<>();

    private final ScalingListener listener = new ScalingListener() {
        @Override
        public void onServiceLevel(ScalingReport report, UtilizationLevel was) {
            events.add(was + " -> " + report.level());
        }

        @Override
        public void onInstanceLevel(String service, InstanceUtilization instance, UtilizationLevel was) {
            events.add(instance.instance().id() + " " + was + " -> " + instance.level());
        }

        @Override
        public void onDesiredInstances(ScalingReport report, int was) {
            events.add("desired " + was + " -> " + report.desired());
        }
    };

    private static ScalingPolicy.Builder policy() {
        return ScalingPolicy.builder()
                .target(0.5)
                .interval(INTERVAL)
                .scaleInWindow(Duration.ZERO)
                .holdTime(Duration.ZERO);
    }

    private static List<ServiceInstance> instances(int count) {
        List<ServiceInstance> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(ServiceInstance.builder("127.0.0.1", 1001 + i)
                    .id(String.valueOf((char) ('a' + i)))
                    .build());
        }
        return all;
    }

    /** Calls go to the instance that their hash says. */
    private LoadBalancer.Builder balancer() {
        return LoadBalancer.builder("orders")
                .discovery(discovery)
                .strategy(eligible ->
                        request -> eligible.get(request.hasHash() ? (int) (request.hash() % eligible.size()) : 0))
                .ticker(time)
                .scheduler(time)
                .random(new SplittableRandom(1))
                .firstSnapshotTimeout(Duration.ZERO);
    }

    private LoadBalancer build(LoadBalancer.Builder builder, int instances) {
        LoadBalancer balancer = builder.build();
        open.add(balancer);
        set(instances);
        return balancer;
    }

    private void set(int count) {
        discovery.set("orders", instances(count));
        time.runDue();
    }

    private ScalingSignals signals(LoadBalancer balancer, ScalingPolicy.Builder policy) {
        ScalingSignals signals = ScalingSignals.builder(balancer)
                .policy(policy.build())
                .listener(listener)
                .scheduler(time)
                .ticker(time)
                .start();
        open.add(signals);
        return signals;
    }

    private static List<Lease> acquire(LoadBalancer balancer, int instance, int calls) {
        List<Lease> leases = new ArrayList<>();
        for (int i = 0; i < calls; i++) {
            leases.add(balancer.acquire(PickRequest.ofHash(instance)));
        }
        return leases;
    }

    /** One interval of this many calls a second, spread over all instances. */
    private void calls(LoadBalancer balancer, int perSecond, int instances) {
        callsWithin(balancer, perSecond, instances, INTERVAL);
    }

    private void callsWithin(LoadBalancer balancer, int perSecond, int instances, Duration length) {
        long end = time.nanos() + length.toNanos();
        for (int i = 0; i < perSecond * length.toSeconds(); i++) {
            balancer.acquire(PickRequest.ofHash(i % instances)).close();
            time.advance(Duration.ofNanos(1_000_000_000L / perSecond));
        }
        time.advance(Duration.ofNanos(end - time.nanos()));
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
        time.advance(Duration.ofMinutes(1));
        assertEquals(0, time.pending());
    }

    @Test
    void report_beforeFirstInterval_thereIsNone() {
        LoadBalancer balancer = build(balancer(), 3);
        ScalingSignals signals = signals(balancer, policy());
        assertNull(signals.report());
        assertEquals(3, signals.desiredInstances());
        assertTrue(Double.isNaN(signals.utilization()));
    }

    @Test
    void desiredInstances_noneKnownYet_theFewestAllowed() {
        LoadBalancer balancer = balancer().build();
        open.add(balancer);
        assertEquals(2, signals(balancer, policy().instances(2, 5)).desiredInstances());
    }

    @Test
    void report_knownRate_desiredFollowsArrivalsWhateverIsInFlight() {
        LoadBalancer balancer = build(balancer(), 2);
        ScalingSignals signals = signals(balancer, policy().callsPerSecond(100).instances(1, 20));
        calls(balancer, 100, 2);
        assertEquals(2, signals.desiredInstances());
        assertEquals(0.5, signals.utilization(), 0.01);
        calls(balancer, 400, 2);
        assertEquals(8, signals.desiredInstances());
        assertEquals(List.of("desired 2 -> 8"), withoutLevels());
        set(8);
        calls(balancer, 90, 8);
        assertEquals(2, signals.desiredInstances());
    }

    /** The others' calls are those of the whole interval: what comes on top of them is not what the newcomers get while they are there. */
    @Test
    void report_instancesComeWithinTheInterval_loadIsThatOfTheWholeInterval() {
        LoadBalancer balancer = build(balancer(), 2);
        ScalingSignals signals = signals(balancer, policy().callsPerSecond(100).instances(1, 20));
        calls(balancer, 400, 2);
        callsWithin(balancer, 400, 2, INTERVAL.multipliedBy(8).dividedBy(10));
        set(8);
        callsWithin(balancer, 400, 8, INTERVAL.multipliedBy(2).dividedBy(10));
        ScalingReport report = signals.report();
        assertEquals(8, report.serving());
        // A tenth may pass before it is seen that they are there.
        assertEquals(0.5, report.utilization(), 0.051);
        assertEquals(8, report.desired());
        assertEquals(50, report.details().get(7).callsPerSecond(), 1);
    }

    @Test
    void report_instancesLeaveWithinTheInterval_theirCallsCount() {
        LoadBalancer balancer = build(balancer(), 8);
        ScalingSignals signals = signals(balancer, policy().callsPerSecond(100).instances(1, 20));
        calls(balancer, 200, 8);
        assertEquals(4, signals.desiredInstances());
        callsWithin(balancer, 200, 8, INTERVAL.dividedBy(2));
        set(4);
        callsWithin(balancer, 200, 4, INTERVAL.dividedBy(2));
        assertEquals(0.5, signals.utilization(), 0.051);
        assertEquals(4, signals.desiredInstances());
    }

    @Test
    void report_instancesDrainWithinTheInterval_theirCallsCountThatOnce() {
        LoadBalancer balancer = build(balancer(), 2);
        ScalingSignals signals = signals(balancer, policy().callsPerSecond(100).instances(1, 20));
        calls(balancer, 100, 2);
        callsWithin(balancer, 100, 2, INTERVAL.dividedBy(2));
        Lease busy = balancer.acquire(PickRequest.ofHash(1));
        busy.report(LoadReport.builder().cpuUtilization(0.9).build());
        busy.close();
        List<ServiceInstance> all = new ArrayList<>(instances(2));
        all.set(1, ServiceInstance.builder("127.0.0.1", 1002).id("b").weight(0).build());
        discovery.set("orders", all);
        time.runDue();
        callsWithin(balancer, 100, 1, INTERVAL.dividedBy(2));
        assertEquals(1, signals.report().serving());
        assertEquals(1, signals.utilization(), 0.051);
        calls(balancer, 100, 1);
        assertEquals(1, signals.utilization(), 0.01);
    }

    private List<String> withoutLevels() {
        return events.stream().filter(each -> each.startsWith("desired")).toList();
    }

    @Test
    void report_callsInFlight_meanOfInterval() {
        LoadBalancer balancer = build(balancer(), 2);
        ScalingSignals signals = signals(balancer, policy().callsInFlight(10));
        List<Lease> leases = acquire(balancer, 0, 8);
        time.advance(INTERVAL.dividedBy(2));
        leases.forEach(Lease::close);
        time.advance(INTERVAL.dividedBy(2));
        ScalingReport report = signals.report();
        assertEquals(4, report.details().get(0).inFlight(), 1e-9);
        assertEquals(0.4, report.details().get(0).utilization(), 1e-9);
        assertEquals(0.2, report.utilization(), 1e-9);
    }

    @Test
    void report_limitedInstances_shareOfLimitAndWaitingCalls() {
        LoadBalancer balancer =
                build(balancer().concurrencyLimit(ConcurrencyLimit.fixed(4)).queue(CallQueue.DEFAULT), 2);
        ScalingSignals signals = signals(balancer, policy());
        List<Lease> leases = acquire(balancer, 0, 8);
        var waiting = balancer.acquireAsync(PickRequest.plain(), Duration.ofHours(1));
        for (int i = 0; i < 10; i++) {
            if (waiting.isDone()) {
                waiting = balancer.acquireAsync(PickRequest.plain(), Duration.ofHours(1));
            }
            time.advance(INTERVAL.dividedBy(10));
        }
        ScalingReport report = signals.report();
        assertTrue(report.waiting() > 0, report::toString);
        assertEquals((2 + report.waiting() / 4) / 2, report.utilization(), 1e-9);
        waiting.cancel(false);
        leases.forEach(Lease::close);
    }

    @Test
    void report_instancesSayTheirLoad_itCountsUntilItExpires() {
        LoadBalancer balancer = build(balancer(), 2);
        ScalingSignals signals = signals(balancer, policy().reportExpiry(INTERVAL.multipliedBy(2)));
        time.advance(INTERVAL);
        assertTrue(Double.isNaN(signals.utilization()), "nobody said anything");
        assertEquals(2, signals.desiredInstances());
        for (int i = 0; i < 2; i++) {
            Lease lease = balancer.acquire(PickRequest.ofHash(i));
            lease.report(LoadReport.builder()
                    .cpuUtilization(0.99)
                    .applicationUtilization(0.9 - i * 0.2)
                    .build());
            lease.close();
        }
        time.advance(INTERVAL);
        assertEquals(0.8, signals.utilization(), 1e-9);
        assertEquals(4, signals.desiredInstances());
        time.advance(INTERVAL.multipliedBy(3));
        assertTrue(Double.isNaN(signals.utilization()), "it is too old");
        assertEquals(2, signals.desiredInstances());
    }

    @Test
    void report_drainingAndBroken_onlyBrokenCountAsInstances() {
        LoadBalancer balancer = build(balancer(), 4);
        ScalingSignals signals = signals(balancer, policy().callsPerSecond(10).target(0.1));
        List<ServiceInstance> all = new ArrayList<>(instances(4));
        all.set(3, ServiceInstance.builder("127.0.0.1", 1004).id("d").weight(0).build());
        discovery.set("orders", all);
        time.runDue();
        for (int i = 0; i < 5; i++) {
            balancer.acquire(PickRequest.ofHash(2)).close(Outcome.CONNECT_FAILURE);
        }
        time.runDue();
        time.advance(INTERVAL);
        ScalingReport report = signals.report();
        assertEquals(3, report.instances());
        assertEquals(2, report.serving());
    }

    @Test
    void levels_busyInstanceInIdleService_eachHasItsOwn() {
        LoadBalancer balancer = build(balancer(), 2);
        signals(balancer, policy().callsInFlight(10).thresholds(0.3, 0.9));
        List<Lease> leases = acquire(balancer, 0, 10);
        time.advance(INTERVAL);
        assertEquals(List.of("a NORMAL -> OVERUTILIZED", "b NORMAL -> UNDERUTILIZED"), events);
        events.clear();
        leases.forEach(Lease::close);
        time.advance(INTERVAL);
        assertTrue(events.contains("a OVERUTILIZED -> UNDERUTILIZED"), events::toString);
        assertTrue(events.contains("NORMAL -> UNDERUTILIZED"), events::toString);
        assertTrue(events.contains("desired 2 -> 1"), events::toString);
    }

    @Test
    void report_newInstanceUnderOldId_startsAnew() {
        LoadBalancer balancer = build(balancer(), 1);
        ScalingSignals signals = signals(balancer, policy().callsPerSecond(10));
        calls(balancer, 10, 1);
        assertEquals(1, signals.utilization(), 0.01);
        discovery.set("orders", ServiceInstance.builder("127.0.0.2", 99).id("a").build());
        time.runDue();
        calls(balancer, 10, 1);
        assertEquals(1, signals.utilization(), 0.02);
    }

    @Test
    void close_noMoreReports() {
        LoadBalancer balancer = build(balancer(), 2);
        ScalingSignals signals = signals(balancer, policy().callsInFlight(10));
        time.advance(INTERVAL);
        ScalingReport last = signals.report();
        signals.close();
        time.advance(INTERVAL.multipliedBy(3));
        assertEquals(last, signals.report());
    }

    @Test
    void listener_throws_othersAreToldAndLooksGoOn() {
        LoadBalancer balancer = build(balancer(), 2);
        List<ScalingReport> told = new ArrayList<>();
        ScalingSignals signals = ScalingSignals.builder(balancer)
                .policy(policy().callsInFlight(10).build())
                .scheduler(time)
                .ticker(time)
                .listener(new ScalingListener() {
                    @Override
                    public void onReport(ScalingReport report) {
                        throw new IllegalStateException("broken on purpose");
                    }
                })
                .listener(new ScalingListener() {
                    @Override
                    public void onReport(ScalingReport report) {
                        told.add(report);
                    }
                })
                .start();
        open.add(signals);
        time.advance(INTERVAL.multipliedBy(2));
        assertEquals(2, told.size());
    }

    @Test
    void toOpenMetrics_labelsAreEscapedAndTextIsEnded() {
        ScalingReport report = new ScalingReport(
                "or\"ders",
                0.5,
                UtilizationLevel.NORMAL,
                1,
                2,
                3,
                0,
                List.of(new InstanceUtilization(instances(1).get(0), 0.5, 1, 2, Double.NaN, UtilizationLevel.NORMAL)));
        String text = ScalingReport.toOpenMetrics(List.of(report));
        assertTrue(text.contains("lb4j_scaling_desired_instances{service=\"or\\\"ders\"} 3.0\n"), text);
        assertTrue(
                text.contains("lb4j_scaling_instance_utilization_ratio{service=\"or\\\"ders\",instance=\"a\"} 0.5\n"),
                text);
        assertTrue(text.endsWith("# EOF\n"), text);
    }
}
