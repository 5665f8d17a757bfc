package io.lb4j.examples;

import io.lb4j.Outcome;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Tracker;
import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.okhttp.LoadBalancedClient;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * Two strategies of our own: a lambda that picks at random, and one that learns. The latter keeps a tracker for every
 * instance, told of each call that starts and ends there, and picks the instance whose calls have been quickest lately.
 */
public final class CustomStrategy {
    private static final Strategy UNIFORM =
            eligible -> request -> eligible.get(eligible.random().nextInt(eligible.size()));

    private CustomStrategy() {}

    /** One server of two is slow: fails unless the lambda doesn't mind and the learner avoids it. */
    public static void main(String... arguments) throws Exception {
        Map<String, Integer> uniform = share(UNIFORM);
        Map<String, Integer> learned = share(learning());
        System.out.println("200 calls, after 100 to learn; at random: " + uniform + ", learning: " + learned);
        if (uniform.getOrDefault("slow", 0) < 50 || learned.getOrDefault("slow", 0) > 40) {
            throw new AssertionError("the slow server's share is not what the strategies are meant to make it");
        }
    }

    /** Nine picks in ten go to the instance with the least average time, one anywhere, to notice a change. */
    private static Strategy learning() {
        StateKey<Average> key = StateKey.create("average");
        return eligible -> {
            Average[] averages = new Average[eligible.size()];
            Arrays.setAll(averages, i -> eligible.get(i).tracker(key, Average::new));
            return request -> {
                int best = eligible.random().nextInt(averages.length);
                boolean explore = eligible.random().nextInt(10) == 0;
                for (int i = 0; i < averages.length && !explore; i++) {
                    best = averages[i].nanos < averages[best].nanos ? i : best;
                }
                return eligible.get(best);
            };
        };
    }

    /** Half of it is the last call. An update lost to a race is made up for by the next call. */
    private static final class Average implements Tracker {
        private volatile long nanos;

        @Override
        public void onEnd(Outcome outcome, long startNanos, long nowNanos) {
            nanos = (nanos + (nowNanos - startNanos)) / 2;
        }
    }

    private static Map<String, Integer> share(Strategy strategy) throws IOException {
        try (AppServer quick = AppServer.start("quick");
                AppServer slow = AppServer.start("slow", Duration.ofMillis(10));
                StaticDiscovery discovery = StaticDiscovery.builder()
                        .service("orders", quick.instance(), slow.instance())
                        .build();
                LoadBalancedClient client = LoadBalancedClient.builder()
                        .discovery(discovery)
                        .strategy(strategy)
                        .build()) {
            Map<String, Integer> answers = new TreeMap<>();
            for (int i = 0; i < 300; i++) {
                answers.merge(Http.get(client, "http://orders/"), i < 100 ? 0 : 1, Integer::sum);
            }
            return answers;
        }
    }
}
