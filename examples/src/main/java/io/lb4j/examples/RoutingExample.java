package io.lb4j.examples;

import io.lb4j.ServiceInstance;
import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.okhttp.LoadBalancedClient;
import io.lb4j.okhttp.rules.TrafficRulesFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import okhttp3.Request;
import okhttp3.Response;

/** A canary for a share of the users, by rules in a file; the share grows while the client is in use. */
public final class RoutingExample {
    private static final int USERS = 2000;
    private static final String RULES = """
            {"routes": [{"name": "canary", "match": {"percent": %d, "byHeader": "X-User"}, "subset": {"version": "2"}},
              {"name": "others", "subset": {"version": "1"}}]}
            """;

    private RoutingExample() {}

    /** Fails unless the shares are about as the rules say, and a broken file changes nothing. */
    public static void main(String... arguments) throws Exception {
        Path file = Files.writeString(Files.createTempFile("rules", ".json"), String.format(RULES, 5));
        try (AppServer stable = AppServer.start("stable");
                AppServer canary = AppServer.start("canary");
                StaticDiscovery discovery = StaticDiscovery.builder()
                        .service("orders", version(stable, "1"), version(canary, "2"))
                        .build();
                TrafficRulesFile rules = TrafficRulesFile.open(file);
                LoadBalancedClient client = LoadBalancedClient.builder()
                        .discovery(discovery)
                        .rules(rules)
                        .build()) {
            System.out.print(client.explain(request(1)));
            int few = inCanary(client);
            show(few > USERS * 0.03 && few < USERS * 0.07, few + " of " + USERS + " users are in the canary at 5 %");
            Files.writeString(file, String.format(RULES, 50));
            Thread.sleep(1000);
            int many = inCanary(client);
            show(many > USERS * 0.45 && many < USERS * 0.55, many + " of them at 50 %");
            Files.writeString(file, RULES.replace("percent", "percnt"));
            Thread.sleep(1000);
            show(inCanary(client) == many, "as many while the file is broken: " + rules.trouble());
        } finally {
            Files.delete(file);
        }
    }

    private static ServiceInstance version(AppServer server, String version) {
        return server.instance().toBuilder()
                .metadata(Map.of("version", version))
                .build();
    }

    private static int inCanary(LoadBalancedClient client) throws IOException {
        int count = 0;
        for (int user = 0; user < USERS; user++) {
            try (Response response = client.newCall(request(user)).execute()) {
                count += response.body().string().contains("canary") ? 1 : 0;
            }
        }
        return count;
    }

    private static Request request(int user) {
        Request.Builder request = new Request.Builder().url("http://orders/");
        return request.header("X-User", "user-" + user).build();
    }

    private static void show(boolean asExpected, String what) {
        System.out.println(what);
        if (!asExpected) {
            throw new AssertionError(what);
        }
    }
}
