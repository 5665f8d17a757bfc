package io.lb4j.examples.conversation;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.Executors;

/**
 * A server process: {@code PUT /conversation/turn} adds a turn, and is answered with how many turns it then knows of. Takes as
 * long over it as reading the conversation does.
 */
final class ConversationServer {
    private ConversationServer() {}

    /** Where the context is; says on which port it listens. */
    public static void main(String[] args) throws IOException {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Context context = Context.at(args[0]);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 200);
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.createContext("/", exchange -> {
            String[] path = exchange.getRequestURI().getPath().split("/", -1);
            String message = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
            try (exchange) {
                List<String> said = context.say(path[1], Integer.parseInt(path[2]), message);
                byte[] answer = String.valueOf(said.size()).getBytes(UTF_8);
                exchange.sendResponseHeaders(200, answer.length);
                exchange.getResponseBody().write(answer);
            } catch (Exception e) {
                e.printStackTrace();
                exchange.sendResponseHeaders(500, -1);
            }
        });
        server.start();
        System.out.println("listening on " + server.getAddress().getPort());
    }
}
