package io.lb4j.simulator;

import io.lb4j.LoadReport;
import io.lb4j.ServiceInstance;
import java.util.HashMap;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** One server of the fleet: its station, what ails it, and what it says of its load. */
final class Node {
    final ServiceInstance instance;
    private ServerSpec spec;
    private final World world;
    private final RandomGenerator random;
    private final LatencyByCrowd latencies = new LatencyByCrowd();
    private final Usage usage;
    private Station station;
    private boolean down;
    private boolean mute;
    private final Map<Integer, Integer> errorsByEndpoint = new HashMap<>();
    private int perSecond;
    private long second;
    private int inSecond;
    private double errorRate;
    private int errorStatus;
    private double factor = 1;
    private double pausedFactor = 1;
    private double cores;

    /** Calls that came since the measurement began. */
    long arrivals;

    Node(World world, ServiceInstance instance, ServerSpec spec, RandomGenerator random) {
        this.world = world;
        this.instance = instance;
        this.spec = spec;
        this.random = random;
        this.station = Station.of(spec, world.clock, this::answered);
        this.usage = new Usage(spec.cores());
        this.cores = spec.cores();
    }

    boolean isUp() {
        return !down;
    }

    int inFlight() {
        return station.inFlight();
    }

    /** How long the calls that are there will keep a core busy, in units of a call; what a perfect observer goes by. */
    double backlog() {
        return speed() == 0 || mute ? Double.MAX_VALUE : (station.inFlight() + 1) / (cores * speed());
    }

    /** Of one core, at this moment. */
    double speed() {
        return spec.speed() * factor;
    }

    double cores() {
        return cores;
    }

    /** What came of a call's arrival, by which it can be given up. */
    Station.@Nullable Job arrive(long work, Attempt attempt) {
        arrivals++;
        if (down) {
            attempt.answered(Attempt.REFUSED);
            return null;
        }
        if (mute) {
            return null;
        }
        if (errorRate > 0 && random.nextDouble() < errorRate) {
            attempt.answered(errorStatus);
            return null;
        }
        if (isOverRate()) {
            attempt.answered(429);
            return null;
        }
        usage.began(world.clock.nanos(), station.inFlight());
        return station.arrive(work, attempt);
    }

    private void answered(Station.Job job) {
        long now = world.clock.nanos();
        latencies.record(job.crowd, now - job.arrived);
        usage.ended(now, station.inFlight());
    }

    void abandon(Station.@Nullable Job job) {
        if (job != null) {
            station.abandon(job);
        }
    }

    /** What it says of itself: calls in flight, how long they last among as many, how busy its cores are, its rate. */
    LoadReport report() {
        int crowd = station.inFlight();
        LoadReport.Builder report = LoadReport.builder().inFlight(crowd);
        report.cpuUtilization(usage.utilization(world.clock.nanos())).rpsFractional(usage.perSecond());
        double latency = latencies.nanosAmong(crowd);
        if (latency > 0) {
            report.latencyNanos(latency);
        }
        return report.build();
    }

    void crash() {
        down = true;
        // Whoever waits for an answer from it sees the connection break.
        station.breakAll();
    }

    void restart() {
        down = false;
        mute = false;
        station = Station.of(spec, world.clock, this::answered);
        cores = spec.cores();
        usage.cores(world.clock.nanos(), cores);
        slow(1);
    }

    /** A script is exchanged in place, since those in flight count for both. */
    void become(ServerSpec other) {
        spec = other;
        station.become(other);
    }

    void cores(double value) {
        station.cores(value);
        usage.cores(world.clock.nanos(), value);
        cores = value;
    }

    void mute(boolean value) {
        mute = value;
    }

    void errors(double rate, int status) {
        errorRate = rate;
        errorStatus = status;
    }

    void errorsAt(int endpoint, int status) {
        errorsByEndpoint.put(endpoint, status);
    }

    /** What a call to this endpoint is answered that went well otherwise. */
    int statusAt(int endpoint) {
        return errorsByEndpoint.getOrDefault(endpoint, 200);
    }

    void rateLimit(int value) {
        perSecond = value;
    }

    private boolean isOverRate() {
        if (perSecond == 0) {
            return false;
        }
        long now = world.clock.nanos() / 1_000_000_000;
        if (now != second) {
            second = now;
            inSecond = 0;
        }
        return ++inSecond > perSecond;
    }

    void slow(double value) {
        factor = value;
        pausedFactor = value;
        station.speed(spec.speed() * value);
    }

    /** Returns false if it stands still already. */
    boolean pause() {
        double before = factor;
        if (before == 0) {
            return false;
        }
        slow(0);
        pausedFactor = before;
        return true;
    }

    void resume() {
        slow(pausedFactor);
    }
}
