package io.lb4j.simulator;

import io.lb4j.CannotPickException;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Strategy;
import io.lb4j.balancer.Lease;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.health.CallQueue;
import io.lb4j.retry.Delivery;
import io.lb4j.retry.Hedging;
import io.lb4j.retry.RetryBudget;
import io.lb4j.retry.RetryPolicy;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A client over the shipped engine: balancer, health, retry policy, budget and hedging are those of the library. What is
 * here is what a transport does: send, judge the answer, try again where the policy and the budget allow it, as
 * {@code LoadBalancedClient} does over sockets.
 */
final class EngineCaller implements Caller {
    private final World world;
    private final LoadBalancer balancer;
    private final RetryPolicy retries;
    private final RetryBudget budget;
    private final @Nullable Hedging hedging;
    private final RandomGenerator random;
    private final @Nullable CallQueue queue;
    private final boolean keyed;
    private final boolean grouped;

    EngineCaller(World world, Strategy strategy, Algorithm.Settings settings) {
        this.world = world;
        this.random = world.newRandom();
        this.retries = settings.retries();
        this.budget = new RetryBudget(settings.budgetRatio(), settings.budgetPerSecond(), world.clock);
        this.hedging = settings.hedge() == null ? null : new Hedging(settings.hedge(), budget, world.clock);
        this.queue = settings.queue();
        this.keyed = world.scenario.keys() > 0;
        this.grouped = world.scenario.replicas() > 0;
        this.balancer = LoadBalancer.builder(World.SERVICE)
                .discovery(world.discovery)
                .strategy(strategy)
                .subsets(world.groups())
                .outlierDetection(settings.outlierDetection())
                .slowStart(settings.slowStart())
                .concurrencyLimit(settings.limit())
                .queue(settings.queue())
                .firstSnapshotTimeout(Duration.ZERO)
                .ticker(world.clock)
                .scheduler(world.clock)
                .random(world.newRandom())
                .build();
    }

    @Override
    public void call(SimulatedCall call) {
        PickRequest request = keyed ? PickRequest.ofHash(call.key) : PickRequest.plain();
        if (grouped) {
            request = request.within(World.subset(call.group));
        }
        if (world.scenario.endpoints() > 0) {
            request = request.withEndpoint("endpoint-" + call.endpoint);
        }
        new Call(call).next(request);
    }

    @Override
    public void close() {
        balancer.close();
    }

    private final class Call {
        private final SimulatedCall call;
        private PickRequest pick = PickRequest.plain();
        private int attempts;
        private int unsent;
        private int underWay;
        private boolean hedged;
        private @Nullable Sent first;
        private @Nullable Sent second;
        private @Nullable CompletableFuture<Lease> waiting;
        private Clock.@Nullable Event deadline;
        private Clock.@Nullable Event late;

        Call(SimulatedCall call) {
            this.call = call;
            if (hedging != null) {
                hedging.onCall();
                late = world.clock.in(hedging.delayNanos(), this::hedge);
            }
            Duration limit = world.scenario.deadline();
            if (limit != null) {
                deadline = world.clock.in(limit.toNanos(), this::timedOut);
            }
        }

        void next(PickRequest request) {
            pick = request;
            if (queue != null) {
                waiting = balancer.acquireAsync(request, queue.maxWait());
                Object unused = waiting.whenComplete((lease, refusal) -> served(lease));
                return;
            }
            Lease lease;
            try {
                lease = balancer.acquire(request);
            } catch (CannotPickException e) {
                end(false);
                return;
            }
            send(lease);
        }

        private void served(@Nullable Lease lease) {
            if (lease == null) {
                end(false);
            } else if (call.isOver()) {
                lease.close();
            } else {
                send(lease);
            }
        }

        private void send(Lease lease) {
            attempts++;
            underWay++;
            call.attempted();
            Sent sent = new Sent(this, lease, world.node(lease.instance()));
            if (first == null) {
                first = sent;
            } else {
                second = sent;
            }
            sent.flight = world.send(sent.node, call, sent);
        }

        /** The call is late: another instance is asked, too, if there is room for it. */
        void hedge() {
            if (call.isOver()
                    || attempts != 1
                    || underWay != 1
                    || first == null
                    || hedging == null
                    || !hedging.hasRoom()) {
                return;
            }
            PickRequest other = pick.nextAttempt(first.lease.candidate());
            Lease lease;
            try {
                lease = balancer.acquire(other);
            } catch (CannotPickException e) {
                return;
            }
            if (lease.candidate() == first.lease.candidate() || !hedging.tryHedge()) {
                lease.close();
                return;
            }
            hedged = true;
            pick = other;
            send(lease);
        }

        void answered(Sent sent, int status) {
            Outcome outcome = outcome(status);
            underWay--;
            if (hedging != null && sent == first && attempts <= 2 && outcome.kind() == Outcome.Kind.SUCCESS) {
                hedging.onLatency(world.clock.nanos() - call.started);
            }
            if (status > 0 && world.scenario.reports() && sent.lease.wantsReports()) {
                sent.lease.report(sent.node.report());
            }
            sent.lease.close(outcome);
            if (call.isOver()) {
                return;
            }
            if (outcome.kind() == Outcome.Kind.SUCCESS) {
                budget.onSuccess();
                overtake(sent);
                end(status < 400);
                return;
            }
            if (underWay > 0) {
                return;
            }
            retry(sent, outcome, status);
        }

        private void overtake(Sent winner) {
            for (Sent loser : new Sent[] {first, second}) {
                if (loser != null && loser != winner && !loser.over) {
                    loser.give(Outcome.OVERTAKEN);
                    if (hedging != null && hedged && loser == first) {
                        hedging.onLatency(world.clock.nanos() - call.started);
                    }
                }
            }
        }

        private void retry(Sent sent, Outcome outcome, int status) {
            Delivery delivery = status == Attempt.REFUSED ? Delivery.NEVER_SENT : Delivery.MAYBE_PROCESSED;
            if (status == Attempt.REFUSED && unsent < retries.maxUnsent()) {
                unsent++;
                attempts--;
            }
            boolean idempotent = world.scenario.idempotent();
            if (!retries.allows(attempts, outcome, delivery, idempotent, true)
                    || !(status == Attempt.REFUSED ? budget.tryRetryRefused() : budget.tryRetry())) {
                end(false);
                return;
            }
            PickRequest other = pick.nextAttempt(sent.lease.candidate());
            long delay = retries.delay(attempts, outcome, delivery, random).toNanos();
            world.clock.in(delay, () -> {
                if (!call.isOver()) {
                    next(other);
                }
            });
        }

        private void timedOut() {
            for (Sent sent : new Sent[] {first, second}) {
                if (sent != null && !sent.over) {
                    sent.give(Outcome.TIMEOUT);
                }
            }
            end(false);
        }

        private void end(boolean success) {
            if (deadline != null) {
                deadline.cancel();
            }
            if (late != null) {
                late.cancel();
            }
            call.end(success);
            if (waiting != null) {
                waiting.cancel(false);
            }
        }
    }

    /** One attempt under way. */
    private final class Sent extends Attempt {
        private final Call call;
        private final Lease lease;
        private final Node node;
        private World.@Nullable Flight flight;
        private boolean over;

        Sent(Call call, Lease lease, Node node) {
            this.call = call;
            this.lease = lease;
            this.node = node;
        }

        @Override
        void answered(int status) {
            if (!over) {
                over = true;
                call.answered(this, status);
            }
        }

        void give(Outcome outcome) {
            over = true;
            call.underWay--;
            lease.close(outcome);
            if (flight != null && (world.scenario.cancels() || outcome != Outcome.TIMEOUT)) {
                world.abandon(flight);
            }
        }
    }

    /** As the library's classifier reads a status. */
    private static Outcome outcome(int status) {
        if (status == Attempt.REFUSED) {
            return Outcome.CONNECT_FAILURE;
        }
        if (status < 0) {
            return Outcome.TRANSPORT_FAILURE;
        }
        if (status == 429) {
            return Outcome.overloaded(Duration.ZERO);
        }
        if (status < 500) {
            return status < 400 ? Outcome.SUCCESS : Outcome.CLIENT_ERROR;
        }
        return status >= 502 && status <= 504 ? Outcome.GATEWAY_ERROR : Outcome.SERVER_ERROR;
    }
}
