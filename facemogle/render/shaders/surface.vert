in vec3 position, direction, average;
in vec2 texture_place, cover;
in vec4 marks;
out vec3 place, normal, soft, rest;
out vec2 uv;
out vec4 traits;
out vec2 stain;
out vec3 in_key;
invariant gl_Position;

void main() {
  place = position;
  normal = direction;
  uv = texture_place;
  traits = marks;
  stain = cover;
  rest = average;
  soft = soft_light(direction, marks.z);
  in_key = (key_camera * vec4(position + direction * .012, 1.)).xyz;
  gl_Position = camera * vec4(position, 1.);
}
