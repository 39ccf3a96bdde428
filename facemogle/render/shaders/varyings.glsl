// Fragments of meshes.
in vec3 place, normal, soft, rest;
in vec2 uv;
in vec4 traits;
in vec2 stain;
in vec3 in_key;
