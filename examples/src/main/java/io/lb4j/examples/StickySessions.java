package io.lb4j.examples;

import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.okhttp.AffinityKey;
import io.lb4j.okhttp.LoadBalancedClient;
import io.lb4j.strategy.Strategies;
import java.io.IOException;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import okhttp3.Request;
import okhttp3.RequestBody;

/**
 * Conversations whose history the server holds: every turn must reach the same server, which a cookie as affinity key
 * does. The other way is to send the whole history with each turn: any server will do, and every turn is longer.
 */
public final class StickySessions {
    private static final int USERS = 20;
    private static final int TURNS = 10;
    private static final String LINE = "and then I said this\n";

    private StickySessions() {}

    /** Fails unless affinity loses no turn, its absence does, and a stateless conversation needs none. */
    public static void main(String... arguments) throws Exception {
        try (AppServer one = chatServer("one");
                AppServer two = chatServer("two");
                StaticDiscovery discovery = StaticDiscovery.builder()
                        .service("chat", one.instance(), two.instance())
                        .build();
                LoadBalancedClient sticky = LoadBalancedClient.builder()
                        .discovery(discovery)
                        .strategy(Strategies.maglev())
                        .defaults(settings -> settings.affinity(AffinityKey.cookie("session")))
                        .build();
                LoadBalancedClient any =
                        LoadBalancedClient.builder().discovery(discovery).build()) {
            int kept = converse(sticky, "stateful", "sticky");
            int lost = converse(any, "stateful", "any server");
            int carried = converse(any, "stateless", "any server");
            if (kept != USERS * TURNS || lost >= USERS * TURNS || carried != USERS * TURNS) {
                throw new AssertionError("understood " + kept + ", " + lost + " and " + carried + " turns");
            }
        }
    }

    /** Answers how many lines of the conversation it knows: held here if stateful, sent along if stateless. */
    private static AppServer chatServer(String name) throws IOException {
        Map<String, Integer> held = new ConcurrentHashMap<>();
        return AppServer.start(name, exchange -> {
            int sent = exchange.getRequestBody().readAllBytes().length / LINE.length();
            boolean stateful = exchange.getRequestURI().getPath().equals("/stateful");
            return String.valueOf(
                    stateful ? held.merge(AppServer.cookie(exchange, "session"), sent, Integer::sum) : sent);
        });
    }

    private static int converse(LoadBalancedClient client, String kind, String way) throws IOException {
        int understood = 0;
        long bytes = 0;
        for (int user = 0; user < USERS; user++) {
            String session = UUID.randomUUID().toString();
            for (int turn = 1; turn <= TURNS; turn++) {
                String text = LINE.repeat(kind.equals("stateful") ? 1 : turn);
                Request request = new Request.Builder()
                        .url("http://chat/" + kind)
                        .header("Cookie", "session=" + session)
                        .post(RequestBody.create(text, null))
                        .build();
                understood += Http.send(client, request).equals(String.valueOf(turn)) ? 1 : 0;
                bytes += text.length();
            }
        }
        System.out.printf("%-9s, %-10s: %d of %d turns, %,d bytes%n", kind, way, understood, USERS * TURNS, bytes);
        return understood;
    }
}
