import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageQueue;
/**
 * What a producer is told that sends too much. Prints one JSON line for each send.
 * Arguments: sizes nameServer topic: messages at and over the limits;
 *        or: rates nameServer topic count brokerName: sends by route, and then to a queue of that broker until one is refused.
 */
public class Limits {
    private static final int MIB = 1024 * 1024;
    private static final int MOST = 4 * MIB;
    /** A response code; the class of these moved between 4.9 and 5.x. */
    private static final int SYSTEM_BUSY = 2;

    static int run(String[] args) throws Exception {
        if (args[0].equals("sizes")) {
            sizes(args[1], args[2]);
        } else {
            rates(args[1], args[2], Integer.parseInt(args[3]), args[4]);
        }
        return 0;
    }

    private static void sizes(String nameServer, String topic) throws Exception {
        DefaultMQProducer usual = new DefaultMQProducer("limits");
        usual.setCompressMsgBodyOverHowmuch(Integer.MAX_VALUE);
        Producers.start(usual, nameServer);
        DefaultMQProducer lavish = new DefaultMQProducer("limits-lavish");
        lavish.setCompressMsgBodyOverHowmuch(Integer.MAX_VALUE);
        lavish.setMaxMessageSize(2 * MOST);
        Producers.start(lavish, nameServer);
        send("most", usual, new Message(topic, body(MOST)));
        send("over, by the client", usual, new Message(topic, body(MOST + 1)));
        send("over, by the broker", lavish, new Message(topic, body(MOST + 1)));
        send("empty", usual, new Message(topic, new byte[0]));
        send("long property", usual, withProperty(topic, 32_000));
        send("longer property", usual, withProperty(topic, 33_000));
        send("longest topic", usual, new Message(name(topic, 127), body(1)));
        send("longer topic", usual, new Message(name(topic, 128), body(1)));
        send("illegal topic", usual, new Message(topic + " x", body(1)));
        send("blank topic", usual, new Message(" ", body(1)));
        send("system topic", usual, new Message("SCHEDULE_TOPIC_XXXX", body(1)));
        usual.shutdown();
        lavish.shutdown();
    }

    private static void rates(String nameServer, String topic, int count, String brokerName) throws Exception {
        DefaultMQProducer producer = Producers.start(nameServer, "rates");
        // 4.9.7 does not try elsewhere by itself.
        producer.addRetryResponseCode(SYSTEM_BUSY);
        for (int i = 0; i < count; i++) {
            send("by route", producer, new Message(topic, body(10)));
        }
        MessageQueue queue = producer.fetchPublishMessageQueues(topic).stream()
            .filter(one -> one.getBrokerName().equals(brokerName)).findFirst().get();
        boolean isStored = true;
        for (int i = 0; i < count && isStored; i++) {
            isStored = send("to a queue", producer, new Message(topic, body(10)), queue);
        }
        producer.shutdown();
    }

    private static boolean send(String what, DefaultMQProducer producer, Message message, MessageQueue... queue) {
        CRC32 crc = new CRC32();
        crc.update(message.getBody());
        try {
            SendResult result = queue.length == 0 ? producer.send(message) : producer.send(message, queue[0]);
            System.out.println(Json.line("send", what, "status", result.getSendStatus(), "crc", crc.getValue(),
                "brokerName", result.getMessageQueue().getBrokerName()));
            return true;
        } catch (MQBrokerException refused) {
            System.out.println(Json.line("send", what, "by", "broker", "code", refused.getResponseCode(),
                "remark", refused.getErrorMessage()));
        } catch (MQClientException refused) {
            // After attempts, what the broker said is the cause.
            String cause = refused.getCause() instanceof MQBrokerException
                ? ((MQBrokerException) refused.getCause()).getErrorMessage() : null;
            System.out.println(Json.line("send", what, "by", cause == null ? "client" : "broker",
                "code", refused.getResponseCode(), "remark", cause == null ? refused.getMessage() : cause));
        } catch (Exception problem) {
            System.out.println(Json.line("send", what, "by", "nobody", "remark", String.valueOf(problem)));
        }
        return false;
    }

    /** Bytes that do not compress, always the same. */
    private static byte[] body(int size) {
        byte[] body = new byte[size];
        new Random(size).nextBytes(body);
        return body;
    }

    private static Message withProperty(String topic, int length) {
        Message message = new Message(topic, "x".getBytes(StandardCharsets.UTF_8));
        message.putUserProperty("long", text(length));
        return message;
    }

    private static String name(String begin, int length) {
        return begin + text(length - begin.length());
    }

    private static String text(int length) {
        char[] text = new char[length];
        Arrays.fill(text, 'x');
        return new String(text);
    }
}
