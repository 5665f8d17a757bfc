package io.lb4j.simulator;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A fleet, its load, and what happens on the way. Immutable.
 *
 * @param clients how many balancers share the load evenly, each knowing only its own calls
 * @param servers what is there at the start, in order
 * @param network time of one way
 * @param deadline how long a call may take, or null
 * @param cancels whether a server hears of a caller that gave up, and stops
 * @param duration how long calls come
 * @param warmUp calls that start before aren't counted
 * @param drain how long after the last call answers are waited for; what hasn't ended then has failed
 * @param keys how many keys calls have, by Zipf's law with exponent 1; 0 for none
 * @param replicas how many servers can serve a call: so many that are next to each other in the order of the start, drawn for
 *     each call; 0 for all
 * @param idempotent whether a call that failed may be made again whatever became of it
 * @param endpoints how many endpoints calls are for, each as often as the others; 0 if calls don't say
 * @param subset how many of the servers each client uses, by {@code Decorators.subset}; 0 for all
 * @param reports whether servers tell their load with each answer
 */
public record Scenario(
        String name,
        int clients,
        List<Server> servers,
        ServiceTime serviceTime,
        Load load,
        Duration network,
        @Nullable Duration deadline,
        boolean cancels,
        Duration duration,
        Duration warmUp,
        Duration drain,
        int keys,
        int replicas,
        boolean idempotent,
        int endpoints,
        int subset,
        boolean reports,
        List<Happening> happenings) {

    /**
     * A server of the beginning.
     *
     * @param id what it is called
     * @param zone where it is; empty if nowhere
     */
    public record Server(String id, ServerSpec spec, String zone) {}

    /**
     * Something that happens.
     *
     * @param at how long after the start
     */
    public record Happening(Duration at, Consumer<Fleet> what) {}

    /** Copies what could change. */
    public Scenario {
        servers = List.copyOf(servers);
        happenings = List.copyOf(happenings);
    }

    /** A scenario of this name. */
    public static Builder named(String name) {
        return new Builder(name);
    }

    /** Work per second that the servers can do, in calls. */
    private static double capacity(List<Server> servers, ServiceTime serviceTime) {
        double cores = servers.stream()
                .mapToDouble(server -> server.spec().cores() * server.spec().speed())
                .sum();
        return cores * 1e9 / serviceTime.meanNanos();
    }

    /** Collects a scenario. Not thread-safe. */
    public static final class Builder {
        private final String name;
        private int clients = 1;
        private final List<Server> servers = new ArrayList<>();
        private ServiceTime serviceTime = ServiceTime.exponential(Duration.ofMillis(10));
        private @Nullable Load load;
        private double utilization;
        private Duration network = Duration.ZERO;
        private @Nullable Duration deadline;
        private boolean cancels = true;
        private Duration duration = Duration.ofSeconds(60);
        private Duration warmUp = Duration.ZERO;
        private Duration drain = Duration.ofMinutes(1);
        private int keys;
        private int replicas;
        private boolean idempotent = true;
        private int endpoints;
        private int subset;
        private boolean reports = true;
        private final List<Happening> happenings = new ArrayList<>();

        private Builder(String name) {
            this.name = Objects.requireNonNull(name, "name");
        }

        /** Sets how many balancers there are; default 1. */
        public Builder clients(int value) {
            this.clients = value;
            return this;
        }

        /** Adds one server. */
        public Builder server(String id, ServerSpec spec) {
            servers.add(new Server(id, spec, ""));
            return this;
        }

        /** Adds servers {@code prefix-0}, {@code prefix-1} and so on. */
        public Builder servers(int count, String prefix, ServerSpec spec) {
            for (int i = 0; i < count; i++) {
                server(prefix + "-" + i, spec);
            }
            return this;
        }

        /** The same in a zone. */
        public Builder servers(int count, String prefix, ServerSpec spec, String zone) {
            for (int i = 0; i < count; i++) {
                servers.add(new Server(prefix + "-" + i, spec, zone));
            }
            return this;
        }

        /** Sets what a call costs; default exponential with a mean of 10 ms. */
        public Builder serviceTime(ServiceTime value) {
            this.serviceTime = value;
            return this;
        }

        /** Sets when calls come; this or {@link #utilization} is required. */
        public Builder load(Load value) {
            this.load = value;
            return this;
        }

        /** Has as many independent calls come as keep this share of the servers of the start busy. */
        public Builder utilization(double value) {
            this.utilization = value;
            return this;
        }

        /** Sets the time of one way; default none. */
        public Builder network(Duration value) {
            this.network = value;
            return this;
        }

        /** Sets how long a call may take; default as long as it likes. */
        public Builder deadline(Duration value) {
            this.deadline = value;
            return this;
        }

        /**
         * Sets whether a server hears of a caller that gave up and stops its work; default true. Where it doesn't, a server with
         * more to do than it can answers nobody in time in the end, as it works for those who left.
         */
        public Builder cancels(boolean value) {
            this.cancels = value;
            return this;
        }

        /** Sets how long calls come, and for how long at the start they aren't counted; default 60 s and none. */
        public Builder lasts(Duration all, Duration uncounted) {
            this.duration = all;
            this.warmUp = uncounted;
            return this;
        }

        /** Sets how long after the last call answers are waited for; default a minute. */
        public Builder drain(Duration value) {
            this.drain = value;
            return this;
        }

        /** Gives calls keys, so many, by Zipf's law; default none. */
        public Builder keys(int value) {
            this.keys = value;
            return this;
        }

        /**
         * Has each call served by only so many servers, as those that hold copies of what it asks for: the one drawn and
         * those next to it; default all.
         */
        public Builder replicas(int value) {
            this.replicas = value;
            return this;
        }

        /** Sets whether a call may be processed twice without harm; default true. */
        public Builder idempotent(boolean value) {
            this.idempotent = value;
            return this;
        }

        /** Sets how many endpoints calls are for, each as often as the others; default none. They are told by their numbers, from 0 on. */
        public Builder endpoints(int value) {
            this.endpoints = value;
            return this;
        }

        /** Has each client use so many servers only, in a way that gives all servers as many clients; default all. */
        public Builder subset(int value) {
            this.subset = value;
            return this;
        }

        /** Sets whether servers tell their load with each answer; default true. */
        public Builder reports(boolean value) {
            this.reports = value;
            return this;
        }

        /** Has something happen. */
        public Builder at(Duration when, Consumer<Fleet> what) {
            happenings.add(new Happening(when, what));
            return this;
        }

        /**
         * Builds the scenario.
         *
         * @throws IllegalStateException if there is no server or no load
         */
        public Scenario build() {
            if (servers.isEmpty()) {
                throw new IllegalStateException("scenario " + name + ": servers: none (expected: at least one)");
            }
            if (replicas < 0 || replicas > servers.size()) {
                throw new IllegalStateException("scenario " + name + ": replicas: " + replicas
                        + " (expected: 0 to the number of servers, " + servers.size() + ")");
            }
            if (load == null && !(utilization > 0)) {
                throw new IllegalStateException("scenario " + name + ": load: none (expected: load or utilization)");
            }
            return new Scenario(
                    name,
                    clients,
                    servers,
                    serviceTime,
                    load != null ? load : Load.poisson(utilization * capacity(servers, serviceTime)),
                    network,
                    deadline,
                    cancels,
                    duration,
                    warmUp,
                    drain,
                    keys,
                    replicas,
                    idempotent,
                    endpoints,
                    subset,
                    reports,
                    happenings);
        }
    }
}
